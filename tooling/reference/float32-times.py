"""Writes packages/sampling/test/reference/float32_times.json: time steps of diffusers' own float32.

    pip install torch==2.15.0 diffusers==0.39.0 scipy==1.17.1
    python tooling/reference/float32-times.py [OUT STEPS ...]

Each row: a scheduler's class, its config, and for each count of steps its time steps. Whether a class
cuts the first one off depends on the last bit of torch's square root, which is not always the nearest
float32 (torch 2.15 with AVX-512); the schedules here are those of released models where it is.
"""

import json
import pathlib
import sys

import diffusers

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/sampling/test/reference/float32_times.json"

CLASSES = ["DPMSolverMultistep", "DPMSolverSinglestep", "DEISMultistep", "SASolver", "UniPCMultistep"]
SCHEDULES = [
    dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012),
    dict(beta_schedule="scaled_linear", beta_start=0.0015, beta_end=0.0195),
    dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.03),
    dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02),
    dict(beta_schedule="linear", beta_start=0.00085, beta_end=0.012),
    dict(beta_schedule="squaredcos_cap_v2"),
    dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, rescale_betas_zero_snr=True),
]
SPREADS = ["use_exponential_sigmas", "use_beta_sigmas", "use_karras_sigmas"]


def rows(counts):
    for name in CLASSES:
        for schedule in SCHEDULES:
            if "rescale_betas_zero_snr" in schedule and name in ("DPMSolverSinglestep", "DEISMultistep", "SASolver"):
                continue
            for spread in SPREADS:
                kind = getattr(diffusers, f"{name}Scheduler")
                scheduler = kind(**schedule, **{spread: True})
                times = {}
                for n in counts:
                    scheduler.set_timesteps(n)
                    times[n] = scheduler.timesteps.tolist()
                yield dict(config={"_class_name": kind.__name__, **schedule, spread: True}, times=times)


if __name__ == "__main__":
    out, counts = (pathlib.Path(sys.argv[1]), [int(n) for n in sys.argv[2:]]) if len(sys.argv) > 1 else (OUT, [2, 7, 20])
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows(counts))
    out.write_text(f"[\n{lines}\n]\n")
