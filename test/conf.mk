# What is generated from the table of settings. test_settings fails when the
# committed file is not what the table says.

.PHONY: sample-config etc/riverd.conf
sample-config: etc/riverd.conf ## write etc/riverd.conf from the table of settings

etc/riverd.conf: $(O)/riverd
	$(O)/riverd --sample-config > $@.new
	mv $@.new $@
