# README.md against the program.

.PHONY: readme
readme: $(O)/riverd ## check that README.md promises only what there is
	test/readme/run $(O)/riverd
