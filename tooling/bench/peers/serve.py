"""Shared code of the Python peers. `python3 PEER.py THREADS WAY [...]` starts a peer. WAY lists
options, for example "torch.compile, fused Adam". The peer answers requests, one line of JSON each."""
import json, sys, time

threads = int(sys.argv[1])
way = set(sys.argv[2].split(", "))
answers = sys.stdout
sys.stdout = sys.stderr  # for libraries that print


def choose(*options):
    """The option of `options` that WAY contains."""
    return next(option for option in options if option in way)


def time_steps(step, count):
    """The milliseconds of each of `count` calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def answer(commands, library, used=threads):
    """Prints the library and the number of threads. For each line `{"do": NAME, ...}` prints
    `commands[NAME](**rest)`, or `{"error": TEXT}`."""
    def write(value):
        print(json.dumps(value), file=answers, flush=True)

    write({"library": library, "threads": used})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            write(commands[request.pop("do")](**request))
        except Exception as error:
            first = str(error).strip().split("\n")[0]
            write({"error": f"{type(error).__name__}: {first}"})
