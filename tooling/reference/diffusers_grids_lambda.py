"""The grids of the classes that count in lambda = log(alpha / sigma), for diffusers_grids.py."""

import itertools

SPACINGS = ("leading", "trailing", "linspace")
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
SPREADS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
PREDICTIONS = ("epsilon", "sample", "v_prediction")
LAST = {"final_sigmas_type": "sigma_min"}
FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.4}


def spaced(base, steps=(1, 2, 7, 14, 15, 31), options=None):
    for spacing in SPACINGS:
        for n in steps:
            yield {**base, "timestep_spacing": spacing}, {"steps": n, **(options or {})}


def common(base=SD):
    """What all of these classes have."""
    yield from spaced(base)
    yield from spaced({**base, "steps_offset": 1}, (4,))
    for schedule in ("linear", "scaled_linear", "squaredcos_cap_v2"):
        for n in (6, 17):
            yield {"beta_schedule": schedule}, {"steps": n}
    yield {"num_train_timesteps": 5, "trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5]}, {"steps": 3}
    yield {"num_train_timesteps": 100}, {"steps": 13}
    for schedule, spread in itertools.product((SD, COSINE, {}), SPREADS):
        for n in (1, 2, 9, 25):
            yield {**schedule, spread: True}, {"steps": n}
    for p in PREDICTIONS:
        yield {**base, "prediction_type": p}, {"steps": 9}
        yield {**base, "prediction_type": p, "use_karras_sigmas": True, **THRESHOLD}, {"steps": 6}
    yield {**base, "prediction_type": "flow_prediction"}, {"steps": 4}
    for n in (1, 2, 5, 16):
        yield {**base, **FLOW}, {"steps": n}
    yield {**base, **FLOW, "flow_shift": 3.0}, {"steps": 11}
    for p in PREDICTIONS:
        yield {**base, "use_flow_sigmas": True, "flow_shift": 2.5, "prediction_type": p}, {"steps": 8}
    for strength in (0.3, 0.5, 0.75, 1.0):
        yield {**base, "solver_order": 3}, {"steps": 10, "strength": strength}
    for strength in (0.4, 0.9):
        yield {**base, "solver_order": 3, "use_karras_sigmas": True}, {"steps": 17, "strength": strength}
    # Trailing gives one more step here.
    for n in (61, 103):
        yield {**base, "timestep_spacing": "trailing"}, {"steps": n}
    for n in (500, 999, 1000):
        yield {**base, "solver_order": 1}, {"steps": n}
    # Two time steps are equal here.
    yield {**base, "num_train_timesteps": 40}, {"steps": 40}
    yield {**base, "num_train_timesteps": 40, "solver_order": 1, "timestep_spacing": "trailing"}, {"steps": 40}


def clipped(base=SD):
    for value in (-5.1, -3.0, 0.0):
        yield from spaced({**base, "lambda_min_clipped": value}, (6, 9))
    yield {**base, "lambda_min_clipped": -4.0, "use_karras_sigmas": True}, {"steps": 7}
    yield {**COSINE, "lambda_min_clipped": -5.1}, {"steps": 20}


def dynamic(base=SD):
    for mu in (0.4, 1.1):
        yield {**base, **FLOW, "use_dynamic_shifting": True}, {"steps": 6, "mu": mu}
    yield {**base, **FLOW, "use_dynamic_shifting": True, "flow_shift": 1.7}, {"steps": 6}
    yield {**base, **FLOW}, {"steps": 6, "mu": 0.4}
    yield {**base, **FLOW, "use_dynamic_shifting": True, "time_shift_type": "linear"}, {"steps": 6, "mu": 1.4}


def zero_snr(base=SD):
    for p in PREDICTIONS:
        yield from spaced({**base, "rescale_betas_zero_snr": True, "prediction_type": p}, (5, 16))
    yield {**base, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "use_karras_sigmas": True}, {"steps": 7}
    yield {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "solver_order": 3, "use_exponential_sigmas": True}, {"steps": 8}


def solvers(algorithms):
    """Orders, slopes, ends and predictions of DPM-Solver's classes."""
    for algorithm, order, slope in itertools.product(algorithms, (1, 2, 3), ("midpoint", "heun")):
        config = {**SD, "algorithm_type": algorithm, "solver_order": order, "solver_type": slope}
        for n in (1, 3, 5, 16):
            yield {**config, **LAST}, {"steps": n}
        if "++" in algorithm:
            for n in (2, 4, 12):
                yield config, {"steps": n}
    for algorithm, p in itertools.product(algorithms, PREDICTIONS):
        config = {**SD, **LAST, "algorithm_type": algorithm, "prediction_type": p, "solver_order": 2}
        yield config, {"steps": 6}
        yield {**config, **THRESHOLD}, {"steps": 6}
        yield {**config, **THRESHOLD, "use_exponential_sigmas": True}, {"steps": 5}
        yield {**config, **FLOW, "prediction_type": p, "flow_shift": 2.0}, {"steps": 5}
    for algorithm in algorithms:
        config = {**SD, **LAST, "algorithm_type": algorithm}
        yield {**config, **FLOW}, {"steps": 5}
        yield {**config, "variance_type": "learned_range"}, {"steps": 5}
        yield {**config, "variance_type": "learned"}, {"steps": 4}
        yield config, {"steps": 11, "strength": 0.5}
        for n in (5, 14, 15):
            for lower, euler in itertools.product((True, False), (True, False)):
                yield {**config, "solver_order": 3, "lower_order_final": lower, "euler_at_final": euler}, {"steps": n}
    for algorithm in ("deis", "dpmsolver", "plms"):
        yield {**SD, "algorithm_type": algorithm}, {"steps": 3}
    yield {**SD, **LAST, "algorithm_type": "deis"}, {"steps": 3}
    for slope in ("logrho", "bh1", "bh2"):
        yield {**SD, "solver_type": slope}, {"steps": 6}


def dpm_multistep():
    yield from common()
    yield from clipped()
    yield from dynamic()
    yield from zero_snr()
    yield from solvers(("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"))
    for schedule in (SD, COSINE, {}):
        for n in (1, 2, 11):
            yield {**schedule, "use_lu_lambdas": True}, {"steps": n}
    yield {**SD, "use_lu_lambdas": True, **LAST}, {"steps": 16}
    yield {**SD, "use_lu_lambdas": True, "use_karras_sigmas": True}, {"steps": 5}
    for spread in SPREADS:
        yield {**SD, **LAST, spread: True, "solver_order": 3}, {"steps": 16}
        yield {**SD, spread: True, "algorithm_type": "sde-dpmsolver++"}, {"steps": 8}
        yield {**SD, **FLOW, spread: True}, {"steps": 5}
        yield {**SD, spread: True}, {"timesteps": [900, 500, 100]}
    yield {**SD, **FLOW, **LAST}, {"steps": 5}
    yield {**SD, "solver_order": 3}, {"timesteps": [999, 800, 500, 123, 7]}
    yield {**SD, **LAST}, {"timesteps": [900, 500, 100]}
    for p in PREDICTIONS:
        for algorithm in ("dpmsolver", "sde-dpmsolver"):
            yield {**SD, **LAST, "rescale_betas_zero_snr": True, "prediction_type": p, "algorithm_type": algorithm, "timestep_spacing": "trailing"}, {"steps": 6}
        yield {**SD, "rescale_betas_zero_snr": True, "prediction_type": p, "algorithm_type": "sde-dpmsolver++"}, {"steps": 6}


def without(cases, *names):
    """Without the fields that a class does not have."""
    for config, options in cases:
        if not any(name in config for name in names):
            yield config, options


def unipc():
    yield from common()
    for sigmas in ([1.0, 0.8, 0.5, 0.2], [0.9, 0.3]):
        yield {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}, {"sigmas": sigmas}
        yield {"use_flow_sigmas": True, "flow_shift": 3.0, "solver_order": 3}, {"sigmas": sigmas}
    yield {"solver_order": 4}, {"steps": 9}
    yield from dynamic()
    yield from zero_snr()
    for order, kind, x0 in itertools.product((1, 2, 3), ("bh1", "bh2"), (True, False)):
        config = {**SD, "solver_order": order, "solver_type": kind, "predict_x0": x0}
        for n in (1, 3, 16):
            yield {**config, **LAST}, {"steps": n}
            yield {**config, **LAST, "lower_order_final": False}, {"steps": n}
        for n in (1, 6):
            yield config, {"steps": n}
            yield {**config, "lower_order_final": False}, {"steps": n}
        for spread in SPREADS:
            yield {**config, **LAST, spread: True}, {"steps": 7}
            yield {**config, **LAST, spread: True, "lower_order_final": False}, {"steps": 6}
            yield {**config, spread: True}, {"steps": 5}
        yield {**config, **LAST, **FLOW}, {"steps": 5}
        yield {**config, **LAST, **THRESHOLD, "prediction_type": "v_prediction"}, {"steps": 5}
        yield {**config, **LAST, **THRESHOLD}, {"steps": 6}
    for order, n in itertools.product((1, 2, 3), (2, 4, 7, 13, 20)):
        yield {**SD, **LAST, "predict_x0": False, "solver_order": order, "use_flow_sigmas": True, "flow_shift": 3.0}, {"steps": n}
    for x0, p in itertools.product((True, False), PREDICTIONS):
        # The first noise is 1 - 1e-6 where none are given: in float64 the class itself then has 9 digits.
        given = {"steps": 7} if x0 else {"sigmas": [0.95, 0.7, 0.4, 0.1]}
        yield {**SD, **LAST, "predict_x0": x0, "prediction_type": p, "use_flow_sigmas": True, "flow_shift": 3.0}, given
        yield {**SD, **LAST, "predict_x0": x0, "prediction_type": p, "rescale_betas_zero_snr": True}, {"steps": 7}
    for disabled in ([0], [0, 1], [2, 5], [1, 3, 4], list(range(12))):
        for order in (2, 3):
            yield {**SD, "solver_order": order, "disable_corrector": disabled}, {"steps": 8}
    yield {**SD, "solver_order": 3, "disable_corrector": [4, 6]}, {"steps": 10, "strength": 0.6}
    yield {**SD, "solver_order": 3, "disable_corrector": [3, 5]}, {"steps": 10, "strength": 0.6}
    for kind in ("midpoint", "heun", "logrho", "bh3"):
        yield {**SD, "solver_type": kind}, {"steps": 5}
    for spread in SPREADS:
        yield {**SD, spread: True, "sigma_min": 0.05, "sigma_max": 9.0}, {"steps": 8}
        yield {**SD, **FLOW, spread: True}, {"steps": 6}
        yield {**SD, **FLOW, **LAST, spread: True, "sigma_min": 0.01, "sigma_max": 0.95}, {"steps": 6}
        yield {**SD, **FLOW, spread: True}, {"sigmas": [0.9, 0.6, 0.3, 0.1]}
    for x in (0.01, 0.1):
        for n in (1, 4, 12):
            yield {**SD, **FLOW, "shift_terminal": x}, {"steps": n}
    yield {**SD, "shift_terminal": 0.1}, {"steps": 4}
    yield {**SD, **FLOW, "use_dynamic_shifting": True, "shift_terminal": 0.1, "solver_order": 3}, {"steps": 9, "mu": 0.8}
    for values in ([1.0, 0.75, 0.5, 0.25], [0.97, 0.6, 0.2], [0.5]):
        yield {**SD, **FLOW, "flow_shift": 2.0}, {"sigmas": values}
        yield {**SD, **FLOW, "use_dynamic_shifting": True}, {"sigmas": values, "mu": 0.7}
        yield {**SD, **FLOW, **LAST}, {"sigmas": values}
    yield {**SD, **FLOW, "use_dynamic_shifting": True, "time_shift_type": "linear"}, {"sigmas": [1.0, 0.6, 0.2], "mu": 1.7}
    yield SD, {"sigmas": [10.0, 4.0, 0.5]}
    yield {**SD, **FLOW}, {"steps": 6, "strength": 0.5}


def dpm_singlestep():
    ignored = ("timestep_spacing", "steps_offset", "rescale_betas_zero_snr", "euler_at_final")
    yield from without(common(), *ignored)
    yield from dynamic()
    for value in (-5.1, -3.0, 0.0):
        for n in (6, 9):
            yield {**SD, "lambda_min_clipped": value}, {"steps": n}
    yield from without(solvers(("dpmsolver++", "dpmsolver", "sde-dpmsolver++")), *ignored)
    yield {**SD, **LAST, "algorithm_type": "sde-dpmsolver"}, {"steps": 4}
    algorithms = ("dpmsolver++", "sde-dpmsolver++", "dpmsolver")
    for algorithm, order, lower, n in itertools.product(algorithms, (1, 2, 3), (True, False), (2, 7, 8, 9)):
        for slope in ("midpoint", "heun"):
            yield {**SD, **LAST, "algorithm_type": algorithm, "solver_order": order, "solver_type": slope, "lower_order_final": lower}, {"steps": n}
    for algorithm, n, strength in itertools.product(algorithms, (9, 10, 11), (0.3, 0.5, 0.8)):
        yield {**SD, **LAST, "algorithm_type": algorithm, "solver_order": 3, "solver_type": "heun"}, {"steps": n, "strength": strength}
    for spread in SPREADS:
        for order in (2, 3):
            yield {**SD, **LAST, spread: True, "solver_order": order}, {"steps": 8}
        yield {**SD, spread: True, "algorithm_type": "sde-dpmsolver++", "solver_order": 3}, {"steps": 9}
        yield {**SD, **FLOW, spread: True}, {"steps": 5}
        yield {**SD, spread: True}, {"timesteps": [900, 500, 100]}
    yield {**SD, **FLOW, **LAST}, {"steps": 6}
    yield {**SD, **FLOW}, {"timesteps": [900, 500, 100]}
    yield {**SD, "solver_order": 3}, {"timesteps": [999, 800, 500, 123, 7]}
    yield {**SD, **LAST}, {"timesteps": [900, 500, 100]}


def deis():
    yield from without(common(), "rescale_betas_zero_snr")
    yield from dynamic()
    for order, lower in itertools.product((1, 2, 3), (True, False)):
        config = {**SD, "solver_order": order, "lower_order_final": lower}
        for n in (1, 2, 3, 4, 5, 14, 15, 16):
            yield config, {"steps": n}
        for p in PREDICTIONS:
            yield {**config, "prediction_type": p, **THRESHOLD}, {"steps": 6}
        for spread in SPREADS:
            for n in (6, 16):
                yield {**config, spread: True}, {"steps": n}
        for n in (6, 15):
            yield {**config, **FLOW, "flow_shift": 2.0}, {"steps": n}
        for schedule in (COSINE, {}):
            yield {**config, **schedule}, {"steps": 18}
    for p in PREDICTIONS:
        yield {**SD, **THRESHOLD, "prediction_type": p, "use_flow_sigmas": True}, {"steps": 6}
    for spread in SPREADS:
        yield {**SD, **FLOW, spread: True}, {"steps": 5}
    for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver++"):
        yield {**SD, "algorithm_type": algorithm}, {"steps": 3}
    for kind in ("midpoint", "heun", "bh1", "bh2"):
        yield {**SD, "solver_type": kind}, {"steps": 5}
    yield SD, {"timesteps": [900, 500, 100]}


def sa_solver():
    ignored = ("solver_order", "rescale_betas_zero_snr")
    yield from without(common(), *ignored)
    yield from clipped()
    for strength in (0.3, 0.5, 0.75, 1.0):
        yield {**SD, "predictor_order": 3, "corrector_order": 4}, {"steps": 10, "strength": strength}
    # Where only the last steps are taken, the first sigmas may go past a flow's 1.
    both = {"use_exponential_sigmas": True, "use_flow_sigmas": True}
    yield {**both, "prediction_type": "flow_prediction"}, {"steps": 25, "strength": 0.2}
    kinds = ("data_prediction", "noise_prediction")
    for kind, predictor, corrector in itertools.product(kinds, (1, 2, 3, 4), (1, 2, 3, 4)):
        config = {**SD, "algorithm_type": kind, "predictor_order": predictor, "corrector_order": corrector}
        for n in (1, 2, 3, 9):
            yield config, {"steps": n}
        yield {**config, "lower_order_final": False}, {"steps": 8}
    for kind, p in itertools.product(kinds, PREDICTIONS):
        config = {**SD, "algorithm_type": kind, "prediction_type": p}
        yield config, {"steps": 6}
        yield {**config, **THRESHOLD}, {"steps": 6}
        yield {**config, "use_flow_sigmas": True, "flow_shift": 2.0}, {"steps": 7}
        for spread in SPREADS:
            yield {**config, spread: True, "predictor_order": 3}, {"steps": 9}
            yield {**config, spread: True, "lower_order_final": False}, {"steps": 5}
    for kind in kinds:
        config = {**SD, "algorithm_type": kind}
        yield {**config, **FLOW, "lower_order_final": False}, {"steps": 6}
        for variance in ("learned", "learned_range"):
            yield {**config, "variance_type": variance}, {"steps": 5}
        for schedule in (COSINE, {}):
            yield {**config, **schedule, "predictor_order": 3, "corrector_order": 3}, {"steps": 25}
    for n in (40, 100):
        yield {**SD, "predictor_order": 3, "corrector_order": 4}, {"steps": n}
    for spread in SPREADS:
        yield {**SD, **FLOW, spread: True}, {"steps": 5}
    yield {**SD, "algorithm_type": "deis"}, {"steps": 3}
    yield SD, {"timesteps": [900, 500, 100]}


def edm():
    base = {"sigma_schedule": "karras"}
    for schedule, last, n in itertools.product(("karras", "exponential"), ("zero", "sigma_min"), (1, 2, 3, 8, 15, 20)):
        yield {"sigma_schedule": schedule, "final_sigmas_type": last}, {"steps": n}
    for algorithm, order, kind in itertools.product(("dpmsolver++", "sde-dpmsolver++"), (1, 2, 3), ("midpoint", "heun")):
        config = {"algorithm_type": algorithm, "solver_order": order, "solver_type": kind}
        for n in (1, 2, 3, 4, 12):
            yield config, {"steps": n}
        for n in (3, 5, 16):
            yield {**config, **LAST}, {"steps": n}
        yield {**config, **LAST, "lower_order_final": False}, {"steps": 6}
        yield {**config, **LAST, "lower_order_final": False, "euler_at_final": True}, {"steps": 6}
        yield {**config, **LAST, "lower_order_final": False}, {"steps": 17}
    for p in ("epsilon", "v_prediction", "sample"):
        yield {**base, "prediction_type": p}, {"steps": 7}
        yield {**base, "prediction_type": p, **THRESHOLD}, {"steps": 7}
        yield {**base, "prediction_type": p, "sigma_data": 1.0, "sigma_min": 0.03, "sigma_max": 20.0, "rho": 5.0}, {"steps": 7}
        yield {"sigma_schedule": "exponential", "prediction_type": p, "sigma_min": 0.3, "sigma_max": 500.0}, {"steps": 7}
    for algorithm in ("deis", "dpmsolver", "sde-dpmsolver"):
        for last in ("zero", "sigma_min"):
            yield {"algorithm_type": algorithm, "final_sigmas_type": last}, {"steps": 4}
    for kind in ("logrho", "bh1", "bh2"):
        yield {"solver_type": kind}, {"steps": 4}
    for strength in (0.3, 0.6, 1.0):
        yield {"solver_order": 3}, {"steps": 10, "strength": strength}
        yield {"algorithm_type": "sde-dpmsolver++", "sigma_data": 0.8}, {"steps": 10, "strength": strength}
    yield {"solver_order": 2}, {"steps": 200}
    yield {}, {"steps": 1000}
    yield {"num_train_timesteps": 10}, {"steps": 30}


def dpm_inverse():
    ignored = ("rescale_betas_zero_snr", "final_sigmas_type", "use_lu_lambdas")
    yield from without(common(), *ignored)
    yield from clipped()
    algorithms = ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver")
    for config, options in solvers(algorithms):
        if "euler_at_final" in config or "algorithm_type" in config:
            yield {k: v for k, v in config.items() if k != "final_sigmas_type"}, options
    for algorithm, order, n in itertools.product(algorithms, (1, 2, 3), (4, 16)):
        config = {**SD, "algorithm_type": algorithm, "solver_order": order}
        yield {**config, "use_flow_sigmas": True, "flow_shift": 2.0}, {"steps": n}
        for spread in SPREADS:
            yield {**config, spread: True}, {"steps": n}
    for n in (100, 300):
        yield {**SD, "use_karras_sigmas": True}, {"steps": n}
    yield {**SD, **FLOW}, {"steps": 300}
    for spread in SPREADS:
        yield {**SD, **FLOW, spread: True}, {"steps": 5}
    yield SD, {"timesteps": [100, 500, 900]}


def once(grid):
    """Without repetitions."""
    def cases():
        seen = []
        for one in grid():
            if one not in seen:
                seen.append(one)
                yield one
    return cases


LAMBDA_GRIDS = {
    "DPMSolverSinglestepScheduler": dpm_singlestep,
    "DPMSolverMultistepInverseScheduler": dpm_inverse,
    "DEISMultistepScheduler": deis,
    "SASolverScheduler": sa_solver,
    "EDMDPMSolverMultistepScheduler": edm,
    "UniPCMultistepScheduler": unipc,
    "DPMSolverMultistepScheduler": dpm_multistep,
}

LAMBDA_GRIDS = {name: once(grid) for name, grid in LAMBDA_GRIDS.items()}
