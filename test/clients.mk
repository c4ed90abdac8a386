# Clients that are not ours, on both sides of riverd.

.PHONY: clients
clients: $(O)/riverd ## Java, Python and kcat clients write what riverd reads and read what it writes
	@RIVERD=$(abspath $(O)/riverd) test/clients/run
