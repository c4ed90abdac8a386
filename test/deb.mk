# The Debian package: made, judged by lintian, and tried in a booted Debian.

.PHONY: deb
deb: ## the Debian package, clean in lintian's eyes, in build/deb/
	@scripts/bootstrap --packaging
	scripts/deb build/deb

.PHONY: deb-test
deb-test: deb ## install, upgrade, remove and purge the package in a booted Debian (root)
	@test/service/sysroot system >/dev/null
	test/service/private python3 test/packaging/deb_test.py build/deb/riverd_*.deb
