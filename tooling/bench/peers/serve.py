"""What the two PyTorch peers share: answering the benchmark's requests, one JSON object a line."""
import json, platform, statistics, sys, time

import numpy as np
import torch


def about():
    """Versions, and which library multiplies matrices: Debian's reference BLAS is far slower than OpenBLAS."""
    with open("/proc/self/maps") as maps:
        blas = "OpenBLAS" if "openblas" in maps.read().lower() else "reference BLAS"
    return {"torch": torch.__version__, "python": platform.python_version(), "blas": blas, "threads": torch.get_num_threads()}


def timed(step, count):
    """Milliseconds of each of `count` calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def once(step, count, warm_up=50):
    """The figures of one uninterrupted measurement, for use by hand."""
    timed(step, warm_up)
    times = timed(step, count)
    return {
        **about(),
        "stepMs": statistics.median(times),
        "stepMsQuartiles": [float(np.percentile(times, 25)), float(np.percentile(times, 75))],
    }


def answer(commands):
    """Prints `about()`, then for each line `{"do": NAME, ...}` what `commands[NAME](**rest)` gives."""
    print(json.dumps(about()), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(commands[request.pop("do")](**request)), flush=True)


def progress(done, total):
    """Tells the benchmark how far a long command is."""
    print(json.dumps({"progress": done / total}), flush=True)
