"""The real GWDataFind server on loopback."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gwdatafind_server.app import GWDataFindApp
from gwdatafind_server.urls import get_transforms, transform_url
from werkzeug.serving import make_server


@contextmanager
def serve_datafind(
    folder: Path,
    *,
    site: str,
    tag: str | Sequence[str],
    duration: int,
    stretches: list[tuple[int, int]],
    osdf: str | None = None,
) -> Iterator[str]:
    """Serve the frames of `folder`, of one type or several, as a diskcache lists them, and yield the address.

    With `osdf`, as at GWOSC, each also has an address under that in the federation.
    """
    times = " ".join(f"{a} {b}" for a, b in stretches)
    cache = folder / "diskcache.txt"
    tags = [tag] if isinstance(tag, str) else tag
    lines = [f"{folder},{site},{name},.gwf,1,{duration} 0 1 {{{times}}}" for name in tags]
    cache.write_text("\n".join(["# version: 0x0101", *lines, ""]))
    config: dict[str, object] = {
        "api": {"versions": ["ldr", "v1"]},
        "input": {"source": [{"type": "diskcache", "path": str(cache), "interval": 3600}]},
    }
    if osdf is not None:
        transform = {"scheme": "osdf", "search": f"file://localhost{folder}", "replace": osdf}
        config["url"] = {"transform": [transform]}
    # It keeps the first application's transforms for all that follow in the process.
    get_transforms.cache_clear()
    transform_url.cache_clear()
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
