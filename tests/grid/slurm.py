"""A SLURM cluster of this machine: a controller and nodes on loopback, in a folder of their own."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol", "squeue", "sinfo")
PORT = 27817
CONF = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=1
SchedulerParameters=sched_interval=2,batch_sched_delay=1
SlurmdTimeout=300
MinJobAge=3600
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """List what a cluster needs and this machine lacks."""
    here = {name for name in PROGRAMS if shutil.which(name)}
    return [name for name in PROGRAMS if name not in here] + ([] if os.geteuid() == 0 else ["root"])


@dataclass
class Cluster:
    """Nodes with two cores each; `environment` leads every SLURM program to them."""

    folder: Path
    nodes: tuple[str, ...] = ("node1", "node2")
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }

    def start(self) -> None:
        self._write()
        munge = self.folder / "munge"
        files = [f"--{name}-file={munge / name}" for name in ("key", "pid", "seed", "log")]
        self._daemon("munged", "--force", "--foreground", f"--socket={munge / 'socket'}", *files)
        self._wait((munge / "socket").exists)
        self._daemon("slurmctld", "-D", "-c")
        for node in self.nodes:
            self._daemon(node, "-D", "-N", node, program="slurmd")
        self._wait(lambda: self.ask("sinfo", "-h", "-N", "-t", "idle").count("node") == len(self.nodes))

    def _write(self) -> None:
        for name in ("munge", "state", "log", "bin"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o755)
        (self.folder / "munge/key").write_bytes(os.urandom(1024))
        (self.folder / "munge/key").chmod(0o400)
        nodes = "\n".join(
            f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={PORT + turn}"
            " CPUs=2 RealMemory=32000"
            for turn, node in enumerate(self.nodes, 1)
        )
        conf = self.folder / "slurm.conf"
        conf.write_text(CONF.format(folder=self.folder, port=PORT, nodes=nodes))
        # The executor takes SLURM_CONF out of the environment of its job steps.
        srun = self.folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)

    def _daemon(self, name: str, *arguments: str, program: str | None = None) -> None:
        with (self.folder / f"log/{name}").open("w") as log:
            self.daemons[name] = subprocess.Popen(
                [program or name, *arguments],
                env=self.environment | {"TEST_NODE": name},
                stdout=log,
                stderr=log,
            )

    def _wait(self, ready, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, "".join(
                f"\n== {log.name}\n{log.read_text()[-1500:]}"
                for log in sorted((self.folder / "log").iterdir())
            )
            time.sleep(0.3)

    def ask(self, *command: str) -> str:
        """Return what a SLURM program prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    def running(self) -> dict[str, tuple[str, str]]:
        """Return node and rule of each running job."""
        rows = self.ask("squeue", "-h", "-t", "running", "-o", "%i %N %k").split("\n")
        return {job: (node, rule) for job, node, rule in (row.split(" ", 2) for row in rows if row)}

    def _kill(self, **given: str) -> None:
        """Kill the processes that have these variables in their environment, beside this cluster's own."""
        wanted = {"SLURM_CONF": self.environment["SLURM_CONF"], **given}
        for process in psutil.process_iter():
            try:
                if wanted.items() <= process.environ().items():
                    process.kill()
            except psutil.Error:
                continue  # another's, or gone meanwhile

    def lose(self, node: str) -> None:
        """Have the controller give a node up, and end all that runs there."""
        self.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")
        self._kill(TEST_NODE=node)
        self._kill(SLURMD_NODENAME=node)

    def stop(self) -> None:
        """End all jobs, so that what watches them ends, then the daemons."""
        self.ask("scancel", "--user=root")
        deadline = time.monotonic() + 30
        while self.ask("squeue", "-h") and time.monotonic() < deadline:
            time.sleep(0.5)
        self._kill()
        for daemon in self.daemons.values():
            daemon.wait(timeout=30)
