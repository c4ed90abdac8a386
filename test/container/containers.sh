# shellcheck shell=bash
# buildah and podman with a store, a configuration and a runtime of the project's own, under
# build/container. To be sourced; sets `store`, the options that every call needs.

place=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/container
mkdir -p "$place"
export CONTAINERS_REGISTRIES_CONF=$place/registries.conf CONTAINERS_CONF=$place/containers.conf
export CONTAINERS_POLICY=$place/policy.json
cat >"$CONTAINERS_REGISTRIES_CONF" <<'END'
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
END
# Limits that need no right to raise them, and no group of the machine's.
cat >"$CONTAINERS_CONF" <<'END'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
cgroups = "disabled"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[network]
network_backend = "netavark"
END
store=(--storage-driver overlay --root "$place/store" --runroot "$place/run")
