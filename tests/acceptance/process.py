"""A daemon as a process of its own."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


class Process:
    """A daemon started as a user would; its log lines are read one by one."""

    def __init__(self, data_dir: Path, *options: str, **environ: str) -> None:
        command = [sys.executable, "-m", "leadboost", "up", "--data-dir", str(data_dir), *options]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LEADBOOST_")}
        self.data_dir = data_dir
        self.lines: list[str] = []
        self._grown = threading.Condition()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean | {"PYTHONUNBUFFERED": "1"} | environ,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line.strip())
                self._grown.notify_all()

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 30) -> str:
        """Return the line that contains ``text``, the n-th such line."""

        def found() -> list[str]:
            return [line for line in self.lines if text in line]

        with self._grown:
            enough = self._grown.wait_for(lambda: len(found()) >= times, seconds)
            assert enough, f"{text!r} did not appear {times} times in:\n" + "\n".join(self.lines)
            return found()[times - 1]

    def up(self) -> str:
        """Wait until it is up and return its URL."""
        return self.wait_for("LeadBoost is up").split()[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)

    def bury(self) -> None:
        """Wait for its end and close what it wrote to."""
        self.process.wait(15)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()
