"""Which settings of each scheduler class diffusers-schedulers.py runs: (config, options) pairs.

Every field and option of a class appears with each of its values at least once, alone and in a few
combinations; steps from 1 to 1,000; numbers of steps that do not divide the training steps.
"""

import itertools

SPACINGS = ("leading", "trailing", "linspace")
FEW = (1, 2, 3, 7, 10, 20, 37)


def product(**fields):
    """All combinations, as dicts."""
    names = list(fields)
    return [dict(zip(names, values)) for values in itertools.product(*fields.values())]


def spaced(base, steps=FEW, offsets=(0, 1)):
    for spacing in SPACINGS:
        for offset in offsets if spacing == "leading" else (0,):
            for n in steps:
                yield {**base, "timestep_spacing": spacing, "steps_offset": offset}, {"steps": n}


SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def euler():
    yield from spaced({})
    yield from spaced(SD, (5, 30))
    for p in ("v_prediction", "sample"):
        yield from spaced({**SD, "prediction_type": p}, (4, 11))
    for spread in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"):
        yield from spaced({**SD, spread: True}, (1, 2, 9, 25))
        yield {**SD, spread: True, "sigma_min": 0.05, "sigma_max": 9.0}, {"steps": 8}
    for schedule in ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "exp", "laplace"):
        yield {"beta_schedule": schedule}, {"steps": 6}
    yield {**SD, "interpolation_type": "log_linear"}, {"steps": 6}
    yield {**SD, "interpolation_type": "log_linear", "timestep_spacing": "leading"}, {"steps": 9}
    for n in (1, 8):
        yield {**SD, "final_sigmas_type": "sigma_min"}, {"steps": n}
        yield {**SD, "final_sigmas_type": "sigma_min", "use_karras_sigmas": True}, {"steps": n}
    for n in (3, 10):
        yield {**SD, "timestep_type": "continuous", "prediction_type": "v_prediction", "use_karras_sigmas": True, "sigma_min": 0.002, "sigma_max": 700.0}, {"steps": n}
        yield {**SD, "timestep_type": "continuous"}, {"steps": n}
    for spacing in SPACINGS:
        for p in ("v_prediction", "epsilon", "sample"):
            yield {**SD, "rescale_betas_zero_snr": True, "prediction_type": p, "timestep_spacing": spacing}, {"steps": 7}
    for churn in ({"s_churn": 5.0}, {"s_churn": 60.0, "s_noise": 1.003}, {"s_churn": 10.0, "s_tmin": 0.5, "s_tmax": 8.0}):
        for p in ("epsilon", "v_prediction", "sample"):
            yield {**SD, "prediction_type": p}, {"steps": 12, **churn}
    yield SD, {"timesteps": [999, 800, 500, 123, 7]}
    yield SD, {"timesteps": [900, 500, 100]}
    yield SD, {"sigmas": [14.0, 7.5, 3.1, 1.0, 0.2, 0.0]}
    yield SD, {"sigmas": [10.0, 4.0, 0.5]}
    for strength in (0.3, 0.75, 1.0):
        yield SD, {"steps": 10, "strength": strength}
    yield {"num_train_timesteps": 1000}, {"steps": 1000}
    yield {"num_train_timesteps": 100}, {"steps": 13}
    yield {"num_train_timesteps": 5, "trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5]}, {"steps": 3}
    for n in (61, 103):
        yield {**SD, "timestep_spacing": "trailing"}, {"steps": n}
    yield {"num_train_timesteps": 20, "timestep_spacing": "trailing"}, {"steps": 27}
    yield {"trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5]}, {"steps": 3}
    yield {**SD, "timestep_type": None}, {"steps": 4}
    continuous = {"timestep_type": "continuous", "prediction_type": "v_prediction"}
    yield {**SD, **continuous}, {"sigmas": [12.0, 6.0, 0.5, 0.0]}
    yield {**SD, **continuous, "rescale_betas_zero_snr": True}, {"steps": 5}
    yield {"num_train_timesteps": 10, "steps_offset": 13, "timestep_spacing": "leading"}, {"steps": 4}
    yield {**SD, "use_karras_sigmas": True}, {"timesteps": [900, 500, 100]}
    yield SD, {"timesteps": [999, 800, 500, 123, 7], "strength": 0.5}


def k_diffusion(predictions=("v_prediction",), schedules=(), strengths=True):
    """What LMS, KDPM2, SDE, Euler ancestral and Heun have in common."""
    yield from spaced({})
    yield from spaced(SD, (5, 30))
    for p in predictions:
        yield from spaced({**SD, "prediction_type": p}, (4, 11))
    for schedule in ("linear", "scaled_linear", "squaredcos_cap_v2", *schedules):
        yield {"beta_schedule": schedule}, {"steps": 6}
    if strengths:
        for strength in (0.3, 0.75, 1.0):
            yield SD, {"steps": 10, "strength": strength}
    yield {}, {"steps": 400}
    yield {"num_train_timesteps": 100}, {"steps": 13}
    yield {"num_train_timesteps": 5, "trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5]}, {"steps": 3}


def spreads(base=SD, steps=(1, 2, 9, 25)):
    # Every class that spreads sigmas heeds these bounds, also where it does not list them.
    for spread in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"):
        yield {**base, spread: True, "sigma_min": 0.05, "sigma_max": 9.0}, {"steps": 6}
    for spread in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"):
        yield from spaced({**base, spread: True}, steps)
    yield {"beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, {"steps": 6}


def euler_ancestral():
    yield from k_diffusion()
    for spacing in SPACINGS:
        for p in ("v_prediction", "epsilon"):
            yield {**SD, "rescale_betas_zero_snr": True, "prediction_type": p, "timestep_spacing": spacing}, {"steps": 7}


def heun():
    yield from k_diffusion(("v_prediction", "sample"), ("exp",))
    yield from spreads()
    for p, r in itertools.product(("epsilon", "v_prediction", "sample"), (1.0, 0.4)):
        yield {"clip_sample": True, "clip_sample_range": r, "prediction_type": p}, {"steps": 6}
        yield {"clip_sample": True, "clip_sample_range": r, "prediction_type": p, "use_karras_sigmas": True}, {"steps": 5}
    yield SD, {"timesteps": [999, 800, 500, 123, 7]}


def lms():
    yield from k_diffusion(("v_prediction", "sample"))
    yield from spreads()


def second_order():
    yield from k_diffusion()
    yield from spreads()


def sde():
    yield from second_order()
    yield SD, {"steps": 6, "s_noise": 1.01}


def flow_match():
    for shift in (1.0, 3.0, 0.5):
        for n in FEW:
            yield {"shift": shift}, {"steps": n}
    yield {"shift": 6.0, "num_train_timesteps": 500}, {"steps": 9}
    yield {"shift": 3.0}, {"steps": 250}
    dynamic = {"use_dynamic_shifting": True}
    for kind, mu in itertools.product(("exponential", "linear"), (0.5, 1.15, 2.3)):
        for n in (1, 4, 28):
            yield {**dynamic, "time_shift_type": kind}, {"steps": n, "mu": mu}
    for terminal in (0.02, 0.1):
        yield {"shift_terminal": terminal, "shift": 2.0}, {"steps": 8}
        yield {**dynamic, "shift_terminal": terminal}, {"steps": 8, "mu": 0.9}
    for spread in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"):
        for n in (1, 2, 8):
            yield {spread: True, "shift": 3.0}, {"steps": n}
        yield {**dynamic, spread: True, "shift_terminal": 0.1}, {"steps": 8, "mu": 0.9}
    for n in (1, 6):
        yield {"invert_sigmas": True, "shift": 2.0}, {"steps": n}
    flux = [1 - i / 4 for i in range(4)]
    yield {"shift": 3.0}, {"sigmas": flux}
    yield {**dynamic}, {"sigmas": flux, "mu": 1.0}
    yield {**dynamic, "shift_terminal": 0.02}, {"sigmas": flux, "mu": 1.0}
    yield {"shift": 3.0}, {"timesteps": [1000.0, 750.0, 300.0]}
    yield {**dynamic}, {"timesteps": [1000.0, 750.0, 300.0], "mu": 0.7}
    yield {"shift": 2.0}, {"timesteps": [900.0, 400.0], "sigmas": [0.9, 0.5]}
    for strength in (0.3, 0.75, 1.0):
        yield {"shift": 3.0}, {"steps": 10, "strength": strength}
    yield {"shift": 3.0}, {"sigmas": flux, "strength": 0.5}
    yield {"use_dynamic_shifting": None, "shift": 3.0}, {"steps": 4}
    yield {"use_beta_sigmas": True}, {"sigmas": [0.9, 0.4, 0.1, 0.0]}
    yield {"use_karras_sigmas": True, "sigma_min": 0.03, "sigma_max": 0.8}, {"steps": 5}


def flow_match_euler():
    yield from flow_match()
    for n in (1, 4, 9):
        yield {"stochastic_sampling": True, "shift": 3.0}, {"steps": n}
    yield {"stochastic_sampling": True, "invert_sigmas": True}, {"steps": 5}


def flow_match_heun():
    for shift in (1.0, 3.0, 0.5):
        for n in FEW:
            yield {"shift": shift}, {"steps": n}
    for churn in ({"s_churn": 5.0}, {"s_churn": 60.0, "s_noise": 1.003}, {"s_churn": 10.0, "s_tmin": 0.2, "s_tmax": 0.8}):
        for n in (1, 5, 12):
            yield {"shift": 2.0}, {"steps": n, **churn}
    yield {"num_train_timesteps": 500}, {"steps": 8}
    for strength in (0.4, 1.0):
        yield {"shift": 3.0}, {"steps": 10, "strength": strength}


def flow_map():
    for shift in (1.0, 3.0, 0.5):
        for n in FEW:
            yield {"shift": shift}, {"steps": n}
    yield {"shift": 3.0}, {"sigmas": [1.0, 0.6, 0.2]}
    yield {"shift": 3.0, "num_train_timesteps": 400}, {"timesteps": [400.0, 150.0, 50.0]}
    yield {"shift": 3.0, "num_train_timesteps": 400}, {"timesteps": [400.0, 150.0, 150.0, 50.0]}


def ltx():
    for eta, s_noise in itertools.product((0.0, 0.4, 1.0), (0.0, 0.7, 1.0)):
        for n in (1, 3, 10):
            yield {"eta": eta, "s_noise": s_noise}, {"steps": n}
        yield {"eta": eta, "s_noise": s_noise}, {"sigmas": [1.0, 0.9, 0.5, 0.1, 0.0]}
    yield {"num_train_timesteps": 500}, {"steps": 6}
    yield {}, {"sigmas": [0.9, 0.4]}
    yield {}, {"timesteps": [1.0, 0.7, 0.3, 0.0]}
    # The class makes its sigmas by FlowMatchEulerDiscreteScheduler, from all of the file's fields.
    for more in (
        {"shift": 3.0},
        {"use_karras_sigmas": True},
        {"shift": 2.0, "shift_terminal": 0.1},
        {"invert_sigmas": True},
    ):
        yield {"eta": 0.5, **more}, {"steps": 6}
    yield {"use_dynamic_shifting": True}, {"steps": 6, "mu": 0.8}
    for strength in (0.3, 0.6, 1.0):
        yield {}, {"sigmas": [0.95, 0.8, 0.5, 0.3, 0.1, 0.0], "strength": strength}
    yield {"eta": 0.5}, {"sigmas": [0.8, 0.8, 0.5, 0.1]}
    yield {"eta": 0.5}, {"timesteps": [0.7]}


def scm():
    yield {}, {"steps": 2, "intermediate_timesteps": None}
    yield {}, {"steps": 2, "intermediate_timesteps": 0.9}
    yield {}, {"steps": 4, "max_timesteps": 1.4, "intermediate_timesteps": None}
    for data in (0.5, 1.0):
        yield {"sigma_data": data}, {"steps": 2}
        for n in (1, 3, 4, 8):
            yield {"sigma_data": data}, {"steps": n, "intermediate_timesteps": None}
        yield {"sigma_data": data}, {"steps": 3, "timesteps": [1.5, 1.0, 0.4, 0.0], "max_timesteps": None, "intermediate_timesteps": None}


def edm_euler():
    for p, schedule, final in itertools.product(("epsilon", "v_prediction"), ("karras", "exponential"), ("zero", "sigma_min")):
        for n in (1, 2, 7, 18):
            yield {"prediction_type": p, "sigma_schedule": schedule, "final_sigmas_type": final}, {"steps": n}
        yield {"prediction_type": p, "sigma_schedule": schedule, "final_sigmas_type": final, "sigma_data": 1.0, "sigma_max": 120.0, "sigma_min": 0.01, "rho": 5.0}, {"steps": 9}
        for churn in ({"s_churn": 5.0}, {"s_churn": 60.0, "s_noise": 1.003}, {"s_churn": 10.0, "s_tmin": 0.5, "s_tmax": 8.0}):
            yield {"prediction_type": p, "sigma_schedule": schedule, "final_sigmas_type": final}, {"steps": 12, **churn}
        yield {"prediction_type": p, "sigma_schedule": schedule, "final_sigmas_type": final}, {"sigmas": [0.0, 0.3, 0.6, 1.0]}
    yield {}, {"steps": 200}
    for strength in (0.4, 1.0):
        yield {}, {"steps": 10, "strength": strength}


def consistency():
    for n in (1, 2, 3, 7, 18, 40):
        yield {}, {"steps": n}
        yield {"clip_denoised": False}, {"steps": n}
        if n < 40:
            # With every training step the last noise is the root of a rounding error.
            yield {"sigma_data": 1.0, "sigma_min": 0.01, "sigma_max": 50.0, "rho": 5.0, "s_noise": 0.9}, {"steps": n}
    yield {"num_train_timesteps": 201}, {"timesteps": [106, 0]}
    yield {}, {"timesteps": [22, 0]}
    yield {}, {"timesteps": [39, 20, 10, 5]}
    yield {"clip_denoised": None}, {"steps": 3}
    for strength in (0.4, 0.75):
        yield {}, {"steps": 18, "strength": strength}


def ipndm():
    for n in (1, 2, 3, 4, 5, 10, 50, 200):
        yield {}, {"steps": n}
    yield {"num_train_timesteps": 20}, {"steps": 7}


def score_sde():
    for n in (1, 2, 3):
        yield {}, {"steps": n}
    for n in (1, 2, 5, 17, 60):
        for correct_steps in (0, 1, 2, 3):
            small = {"sigma_min": 0.02, "sigma_max": 1.5, "correct_steps": correct_steps}
            yield small, {"steps": n}
            yield {**small, "snr": 0.3, "sampling_eps": 1e-3, "num_train_timesteps": 100}, {"steps": n}
    yield {"num_train_timesteps": 40, "sigma_max": 2.0}, {"steps": 40}


from diffusers_grids_alpha import ALPHA_GRIDS  # noqa: E402
from diffusers_grids_lambda import LAMBDA_GRIDS  # noqa: E402

GRIDS = {
    "EulerDiscreteScheduler": euler,
    "EulerAncestralDiscreteScheduler": euler_ancestral,
    "HeunDiscreteScheduler": heun,
    "LMSDiscreteScheduler": lms,
    "KDPM2DiscreteScheduler": second_order,
    "KDPM2AncestralDiscreteScheduler": second_order,
    "DPMSolverSDEScheduler": sde,
    "FlowMatchEulerDiscreteScheduler": flow_match_euler,
    "FlowMatchLCMScheduler": flow_match,
    "FlowMatchHeunDiscreteScheduler": flow_match_heun,
    "FlowMapEulerDiscreteScheduler": flow_map,
    "LTXEulerAncestralRFScheduler": ltx,
    "SCMScheduler": scm,
    "EDMEulerScheduler": edm_euler,
    "CMStochasticIterativeScheduler": consistency,
    "IPNDMScheduler": ipndm,
    "ScoreSdeVeScheduler": score_sde,
    **ALPHA_GRIDS,
    **LAMBDA_GRIDS,
}
