"""Kafka is killed, frozen, cut off, and forgets the group's offsets."""

import re
import signal
import subprocess
import time

import harness
from world import HEALTHY_S, Trouble, scenario


@scenario("the broker killed and started again", per_piece=3)
def broker_killed(setting, times):
    """The feed waits with riverd: its records are safe in its own queue."""
    with setting.batch("broker") as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        daemon.start()
        daemon.wait_ready()
        for _ in range(times):
            time.sleep(batch.chance.uniform(0.5, 3))
            setting.kafka.stop("KILL")
            time.sleep(batch.chance.uniform(0, 5))
            setting.kafka.start()
            slowest = max(slowest, daemon.wait_working())
        return batch.finish(daemon, faults=times, slowest_healthy_s=round(slowest, 2))


@scenario("the broker killed, and riverd as well", per_piece=3)
def broker_and_riverd_killed(setting, times):
    with setting.batch("both") as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        for _ in range(times):
            daemon.start()
            daemon.wait_ready()
            time.sleep(batch.chance.uniform(0.5, 2))
            setting.kafka.stop("KILL")
            time.sleep(batch.chance.uniform(0, 1))
            daemon.kill()
            daemon.start()  # it waits for Kafka
            time.sleep(batch.chance.uniform(0, 3))
            setting.kafka.start()
            slowest = max(slowest, daemon.wait_working())
            daemon.kill()
        return batch.finish(daemon, faults=2 * times, slowest_healthy_s=round(slowest, 2))


@scenario("the broker frozen longer than riverd's timeouts", per_piece=2)
def broker_frozen(setting, times):
    with setting.batch("still", kafka__producer__transaction__timeout__ms=5000, kafka__socket__timeout__ms=4000,
                       kafka__producer__message__timeout__ms=4500) as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        daemon.start()
        daemon.wait_ready()
        for _ in range(times):
            time.sleep(batch.chance.uniform(0.5, 2))
            broker = setting.kafka.pid()
            subprocess.run(["kill", f"-{int(signal.SIGSTOP)}", str(broker)], check=True)
            time.sleep(12)
            subprocess.run(["kill", f"-{int(signal.SIGCONT)}", str(broker)], check=True)
            slowest = max(slowest, daemon.wait_working())
        return batch.finish(daemon, faults=times, slowest_healthy_s=round(slowest, 2))


CONNECTION_FAULTS = (("cut", 3000), ("cut", 20000), ("delay", 0.2), ("cut", 200000), ("stall", 0), ("refuse", 0),
                     ("slow", 20000))


@scenario("the connection to the broker cut, delayed, stalled", per_piece=len(CONNECTION_FAULTS))
def connection_broken(setting, times):
    """A broker tells clients its own address: one more listener is advertised with the proxy's port."""
    proxy = setting.proxy
    with setting.batch("wire", brokers=proxy.address(), kafka__socket__timeout__ms=4000) as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        daemon.start()
        daemon.wait_ready()
        for turn in range(times):
            mode, amount = CONNECTION_FAULTS[turn % len(CONNECTION_FAULTS)]
            proxy.set(mode, amount)
            time.sleep(batch.chance.uniform(4, 8))
            proxy.set("pass")
            slowest = max(slowest, daemon.wait_working())
        if proxy.cuts == 0 and times >= len(CONNECTION_FAULTS):
            raise Trouble("the proxy never cut anything: riverd does not use it")
        return batch.finish(daemon, faults=times + proxy.cuts, cuts=proxy.cuts, slowest_healthy_s=round(slowest, 2))


def delete_group(brokers, group):
    classpath = subprocess.run([harness.SERVERS / "kafka", "classpath"], check=True, capture_output=True,
                               text=True).stdout.strip()
    java = subprocess.run([harness.SERVERS / "kafka", "java"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run([java, "-Xmx128m", "-cp", classpath, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                           "--bootstrap-server", brokers, "--delete", "--group", group], capture_output=True, text=True,
                          check=False)
    if "successful" not in done.stdout:
        raise RuntimeError(f"group {group} not deleted: {done.stdout} {done.stderr}")


@scenario("the group's offsets deleted", per_piece=2)
def offsets_deleted(setting, times):
    """With results in the outbox whose evidence is gone with the offsets."""
    points = ("publish.after_commit", "outbox.before_confirm", "checkpoint.after_commit", "publish.before_commit")
    with setting.batch("group") as batch:
        daemon = batch.daemon()
        batch.feed()
        for turn in range(times):
            daemon.start({"RIVERD_FAULT": f"{points[turn % 4]}:crash@{batch.chance.randint(2, 4)}"})
            daemon.wait_end(30)
            delete_group(setting.brokers, batch.name)
            daemon.start()
            daemon.wait_working()
            daemon.kill()
        return batch.finish(daemon, faults=times)


@scenario("the broker away for minutes", per_piece=1)
def broker_away(setting, times):
    """Long enough for every pause between two attempts to have grown as long as it gets. Results
    wait when it begins. The second turn has riverd start while it is away."""
    with setting.batch("away", rate=50, brokers=setting.proxy.address()) as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        for _ in range(times):
            for starts_within in (False, True):
                if daemon.process is None or daemon.process.poll() is not None:
                    daemon.start()
                daemon.wait_working()
                setting.proxy.set("refuse")
                if starts_within:
                    daemon.kill()
                    daemon.start()
                time.sleep(200)  # calls take up to 30 s each, the pauses between them double
                setting.proxy.set("pass")
                longest = max((int(n) for n in re.findall(r"trying again in (\d+) s", daemon.log())), default=0)
                if longest > HEALTHY_S // 2:
                    raise Trouble(f"a pause of {longest} s: it may well be {longest} s from Kafka's return to health")
                slowest = max(slowest, daemon.wait_working())
        return batch.finish(daemon, faults=2 * times, slowest_healthy_s=round(slowest, 2))
