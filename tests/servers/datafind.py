"""The real GWDataFind server on loopback."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gwdatafind_server.app import GWDataFindApp
from werkzeug.serving import make_server


@contextmanager
def serve_datafind(
    folder: Path, *, site: str, tag: str, duration: int, stretches: list[tuple[int, int]]
) -> Iterator[str]:
    """Serve the frames of `folder`, as a diskcache tells them, and give the address."""
    times = " ".join(f"{a} {b}" for a, b in stretches)
    cache = folder / "diskcache.txt"
    cache.write_text(f"# version: 0x0101\n{folder},{site},{tag},.gwf,1,{duration} 0 1 {{{times}}}\n")
    config = {
        "api": {"versions": ["ldr", "v1"]},
        "input": {"source": [{"type": "diskcache", "path": str(cache), "interval": 3600}]},
    }
    # The application calls asyncio.run, which a thread with a running loop (a browser's) refuses.
    with ThreadPoolExecutor(1) as thread:
        app = thread.submit(GWDataFindApp, "gwdatafind_server.app", config).result()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        app.shutdown()
