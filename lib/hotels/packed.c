#include "hotels/packed.h"

#include "hotels/field.h"

void pack_value(struct buf *to, const struct value *v)
{
	if (!value_present(v)) {
		buf_byte(to, '-');
		return;
	}
	buf_printf(to, "%zu:", v->s.len);
	buf_slice(to, v->s);
	buf_byte(to, ' ');
}

int unpack_value(struct slice packed, size_t *at, struct value *out)
{
	size_t len = 0, i = *at;

	if (i == packed.len)
		return 0;
	*out = field_null();
	if (packed.data[i] == '-') {
		*at = i + 1;
		return 1;
	}
	for (; i < packed.len && packed.data[i] >= '0' && packed.data[i] <= '9'; i++) {
		len = len * 10 + (size_t)(packed.data[i] - '0');
		if (len > packed.len)
			return -1;
	}
	if (i == *at || i == packed.len || packed.data[i] != ':' || packed.len - i - 1 < len + 1 ||
	    packed.data[i + 1 + len] != ' ')
		return -1;
	*out = field_string(slice_make(packed.data + i + 1, len));
	*at = i + 1 + len + 1;
	return 1;
}
