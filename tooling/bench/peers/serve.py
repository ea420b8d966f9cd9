"""Shared code of the PyTorch peers. `python3 PEER.py THREADS [...]` starts a peer. It answers
requests, one line of JSON each."""
import json, platform, sys, time

import torch

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)


def about():
    """Versions, and the BLAS library. Debian's reference BLAS is far slower than OpenBLAS."""
    with open("/proc/self/maps") as maps:
        blas = "OpenBLAS" if "openblas" in maps.read().lower() else "reference BLAS"
    return {"torch": torch.__version__, "python": platform.python_version(), "blas": blas}


def time_steps(step, count):
    """The milliseconds of each of `count` calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def answer(commands):
    """Prints `about()`. For each line `{"do": NAME, ...}` prints `commands[NAME](**rest)`."""
    print(json.dumps(about()), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(commands[request.pop("do")](**request)), flush=True)
