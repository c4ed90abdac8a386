# What is generated from the table of settings. test_settings fails when the
# committed file is not what the table says.

.PHONY: etc/riverd.conf
etc/riverd.conf: $(O)/riverd ## write the sample configuration from the table of settings
	$(O)/riverd --sample-config > $@.new
	mv $@.new $@
