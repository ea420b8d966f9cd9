"""The grids of the classes that step from one alphas_cumprod to another: DDIM, DDPM and their kin."""

import itertools

SPACINGS = ("leading", "trailing", "linspace")
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
BETAS = {"num_train_timesteps": 5, "trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5]}
PLAIN = {"clip_sample": False}


def combined(**fields):
    """All combinations, as dicts."""
    return [dict(zip(fields, values)) for values in itertools.product(*fields.values())]


def spaced(base, steps, offsets=(0, 1), options={}):
    for spacing in SPACINGS:
        for offset in offsets if spacing == "leading" else (0,):
            for n in steps:
                config = {**base, "timestep_spacing": spacing, "steps_offset": offset}
                yield config, {"steps": n, **options}


def schedules(names, base={}, options={"steps": 6}):
    for name in names:
        yield {**base, "beta_schedule": name}, options
    yield {**base, "num_train_timesteps": 100}, {**options, "steps": 13}
    yield {**base, **BETAS}, {**options, "steps": 3}
    yield {**base, "beta_start": 0.002, "beta_end": 0.03}, options


USUAL = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace")


def clips(base, options, ranges=(0.5, 3.0)):
    yield {**base, "clip_sample": False}, options
    for bound in ranges:
        yield {**base, "clip_sample": True, "clip_sample_range": bound}, options
    for ratio, most in ((0.995, 1.0), (0.7, 1.5), (0.5, 4.0), (1.0, 2.0)):
        yield {
            **base,
            "thresholding": True,
            "dynamic_thresholding_ratio": ratio,
            "sample_max_value": most,
        }, options


def ddim():
    yield from spaced({}, (1, 2, 3, 7, 10, 20, 37))
    yield from spaced({**SD, **PLAIN, "set_alpha_to_one": False}, (1, 3, 5, 16), (0, 1, 7))
    for fields in combined(
        prediction_type=("epsilon", "v_prediction", "sample"),
        set_alpha_to_one=(True, False),
        clip_sample=(True, False),
    ):
        for eta, clipped in ((0.0, True), (0.4, False), (1.0, True)):
            options = {"eta": eta, "use_clipped_model_output": clipped}
            yield {**SD, **fields, "steps_offset": 1}, {"steps": 7, **options}
            yield {**fields, "timestep_spacing": "trailing"}, {"steps": 6, **options}
    for fields in combined(
        prediction_type=("v_prediction", "sample", "epsilon"), timestep_spacing=SPACINGS
    ):
        for eta in (0.0, 0.5, 1.0):
            for clip in (True, False):
                yield {**SD, **fields, "rescale_betas_zero_snr": True, "clip_sample": clip}, {
                    "steps": 5,
                    "eta": eta,
                }
    for p in ("epsilon", "v_prediction", "sample"):
        yield from clips({"prediction_type": p}, {"steps": 6})
        yield from clips({"prediction_type": p, **SD}, {"steps": 5, "eta": 0.7})
        yield from clips({"prediction_type": p}, {"steps": 4, "use_clipped_model_output": True})
    yield from schedules(USUAL)
    yield from schedules(USUAL, PLAIN, {"steps": 6, "eta": 0.3})
    for n in (61, 103):
        yield {**SD, **PLAIN, "timestep_spacing": "trailing"}, {"steps": n}
    for n in (100, 1000):
        yield {}, {"steps": n}
        yield {**SD, **PLAIN, "steps_offset": 1}, {"steps": n}
    for strength in (0.05, 0.3, 0.75, 1.0):
        yield {**SD, "steps_offset": 1}, {"steps": 10, "strength": strength}
        yield {**SD, "timestep_spacing": "trailing"}, {"steps": 7, "strength": strength, "eta": 0.5}
    for name in ("set_alpha_to_one", "clip_sample", "thresholding", "rescale_betas_zero_snr"):
        yield {name: None}, {"steps": 6}
    yield {"dynamic_thresholding_ratio": None, "sample_max_value": None}, {"steps": 6}
    yield {"clip_sample": False, "clip_sample_range": None}, {"steps": 6}
    yield {"predict_epsilon": False}, {"steps": 6}
    yield {}, {"steps": 1001}
    yield {}, {"steps": 5, "eta": 1.5}
    yield {"timestep_spacing": "leading", "steps_offset": 300}, {"steps": 10}
    yield {}, {"timesteps": [900, 500, 100]}


VARIANCES = (
    "fixed_small",
    "fixed_small_log",
    "fixed_large",
    "fixed_large_log",
    "learned",
    "learned_range",
)


def ddpm():
    yield from spaced({}, (1, 2, 3, 7, 10, 20, 37))
    for variance in VARIANCES:
        yield from spaced({**SD, **PLAIN, "variance_type": variance}, (1, 4, 7), (0, 1))
        for p in ("epsilon", "v_prediction", "sample"):
            for clip in (True, False):
                fields = {"variance_type": variance, "prediction_type": p, "clip_sample": clip}
                yield fields, {"steps": 6}
                yield {**SD, **fields, "rescale_betas_zero_snr": True}, {"steps": 5}
                yield {
                    **SD,
                    **fields,
                    "rescale_betas_zero_snr": True,
                    "timestep_spacing": "trailing",
                }, {"steps": 5}
        yield {**SD, "variance_type": variance}, {"timesteps": [999, 700, 320, 41]}
        yield {**SD, "variance_type": variance}, {"timesteps": [801, 402, 0]}
        yield {**SD, "variance_type": variance}, {"timesteps": [0]}
    for p in ("epsilon", "v_prediction", "sample"):
        yield from clips({"prediction_type": p}, {"steps": 6})
        yield from clips({"prediction_type": p, "variance_type": "fixed_large"}, {"steps": 4})
    yield from schedules(USUAL)
    yield from schedules(USUAL, {**PLAIN, "variance_type": "fixed_large"})
    for n in (61, 103):
        yield {**SD, **PLAIN, "timestep_spacing": "trailing"}, {"steps": n}
    yield {}, {"steps": 100}
    yield {}, {"steps": 1000}
    yield {**SD, "num_train_timesteps": 50}, {"steps": 50}
    for strength in (0.05, 0.3, 0.75, 1.0):
        yield {**SD, "steps_offset": 1}, {"steps": 10, "strength": strength}
        yield {**SD, "timestep_spacing": "trailing"}, {"steps": 7, "strength": strength}
    yield {}, {"steps": 1001}
    yield {}, {"timesteps": [100, 500]}
    yield {}, {"timesteps": [1000, 500]}
    yield {"timestep_spacing": "leading", "steps_offset": 300}, {"steps": 10}


def ddim_inverse():
    yield from spaced({}, (1, 2, 3, 7, 10, 20, 37))
    yield from spaced({**SD, **PLAIN, "set_alpha_to_one": False}, (1, 3, 5, 16), (0, 1, 7, 120))
    for fields in combined(
        prediction_type=("epsilon", "v_prediction", "sample"),
        set_alpha_to_one=(True, False),
        clip_sample=(True, False),
        timestep_spacing=("leading", "trailing"),
    ):
        yield {**SD, **fields, "steps_offset": 1}, {"steps": 7}
        yield {**SD, **fields, "rescale_betas_zero_snr": True}, {"steps": 5}
        yield fields, {"steps": 10}
    yield {"clip_sample_range": 0.5}, {"steps": 6}
    yield {"clip_sample_range": 2.0}, {"steps": 6}
    yield from schedules(USUAL)
    yield from schedules(USUAL, {**PLAIN, "set_alpha_to_one": False})
    for n in (61, 103, 1000):
        yield {**SD, **PLAIN, "timestep_spacing": "trailing"}, {"steps": n}
    for zero in (True, False):
        yield {"set_alpha_to_zero": zero, "set_alpha_to_one": not zero}, {"steps": 6}
    yield {}, {"steps": 1000}
    for strength in (0.3, 0.75, 1.0):
        yield SD, {"steps": 10, "strength": strength}


def pndm():
    for skip in (True, False):
        base = {"skip_prk_steps": skip}
        yield from spaced(base, (1, 2, 3, 4, 5, 6, 7, 10, 20, 37))
        yield from spaced({**base, **SD, "set_alpha_to_one": True}, (2, 4, 5, 8, 16), (0, 1, 7))
        for p in ("v_prediction", "epsilon", "sample"):
            yield from spaced({**base, **SD, "prediction_type": p}, (4, 5, 11))
        yield from schedules(USUAL, base, {"steps": 7})
        yield base, {"steps": 13, "strength": 0.05}
        yield {**base, "num_train_timesteps": 5}, {"steps": 9}
        for n in (61, 103):
            yield {**SD, **base, "timestep_spacing": "trailing"}, {"steps": n}
        for n in (50, 100, 1000):
            yield {**SD, **base, "steps_offset": 1}, {"steps": n}
            yield {**SD, **base, "prediction_type": "v_prediction"}, {"steps": n}
        for strength in (0.1, 0.2, 0.3, 0.5, 0.75, 0.9, 1.0):
            for p in ("epsilon", "v_prediction"):
                yield {**SD, **base, "steps_offset": 1, "prediction_type": p}, {
                    "steps": 10,
                    "strength": strength,
                }
            yield {**SD, **base, "timestep_spacing": "trailing"}, {"steps": 11, "strength": strength}
        yield {"num_train_timesteps": 5, "trained_betas": [0.1, 0.2, 0.3, 0.4, 0.5], **base}, {
            "steps": 5
        }


def few_steps(etas=(None,)):
    """LCM and TCD: few steps of those that a model was distilled for."""
    for eta in etas:
        more = {} if eta is None else {"eta": eta}
        for n in (1, 2, 3, 4, 7, 8, 16, 50, 51):
            yield {}, {"steps": n, **more}
        for original in (1, 4, 10, 25, 33, 100, 1000):
            for n in (1, 4, 9):
                yield {"original_inference_steps": original}, {"steps": n, **more}
                yield {}, {"steps": n, "original_inference_steps": original, **more}
        for p in ("epsilon", "v_prediction", "sample"):
            for clip in (True, False):
                fields = {"prediction_type": p, "clip_sample": clip}
                yield fields, {"steps": 5, **more}
                yield {**fields, "rescale_betas_zero_snr": True}, {"steps": 4, **more}
            yield from clips({"prediction_type": p}, {"steps": 4, **more})
        for strength in (0.1, 0.3, 0.5, 0.75, 1.0):
            for n in (1, 3, 4):
                yield {}, {"steps": n, "strength": strength, **more}
            yield {"original_inference_steps": 30}, {"steps": 5, "strength": strength, **more}
            yield {}, {
                "steps": 3,
                "strength": strength,
                "original_inference_steps": 20,
                **more,
            }
            yield {}, {"timesteps": [999, 759, 499, 259], "strength": strength, **more}
        for times in ([999, 499], [801, 600, 333, 0], [19], [999, 998, 997], [500, 700], [1000]):
            yield {}, {"timesteps": times, **more}
            yield {"clip_sample": True, "prediction_type": "v_prediction"}, {
                "timesteps": times,
                **more,
            }
        for final in (True, False):
            yield {"set_alpha_to_one": final}, {"steps": 4, **more}
        yield {"steps_offset": 1, "timestep_spacing": "trailing"}, {"steps": 4, **more}
        yield from schedules(USUAL[:3], {"original_inference_steps": 5}, {"steps": 3, **more})
        yield {"original_inference_steps": 2000}, {"steps": 4, **more}


def lcm():
    yield from few_steps()
    for scaling in (0.0, 0.001, 1.0, 20.0):
        for clip in (True, False):
            yield {"timestep_scaling": scaling, "clip_sample": clip}, {"steps": 4}
            yield {"timestep_scaling": scaling, "clip_sample": clip}, {"timesteps": [700, 30, 0]}


def tcd():
    yield from few_steps((None, 0.0, 1.0))
    for eta in (0.1, 0.25, 0.5, 0.8, 1.2):
        for p in ("epsilon", "v_prediction", "sample"):
            yield {"prediction_type": p}, {"steps": 6, "eta": eta}


def unclip():
    for variance in ("fixed_small_log", "learned_range", "fixed_small"):
        for p in ("epsilon", "sample", "v_prediction"):
            for clip in ({}, {"clip_sample": False}, {"clip_sample_range": 2.5}):
                for n in (1, 2, 5, 7, 25):
                    yield {"variance_type": variance, "prediction_type": p, **clip}, {"steps": n}
    for n in (3, 10, 37, 50, 64, 101, 1000):
        yield {}, {"steps": n}
    for n in (2, 9, 50):
        yield {"num_train_timesteps": 50}, {"steps": n}
        yield {"num_train_timesteps": 50, "variance_type": "learned_range"}, {"steps": n}
    # More steps than the class was trained with.
    yield {"num_train_timesteps": 10}, {"steps": 13}
    yield {"beta_schedule": "linear"}, {"steps": 5}


def wuerstchen():
    for scaler in (1.0, 0.5, 2.0, 0.9, 3.0):
        for s in (0.008, 0.0, 0.05):
            for n in (1, 2, 3, 7, 10, 20, 60):
                yield {"scaler": scaler, "s": s}, {"steps": n}
    for times in (
        *([1.0, 0.6, 0.25, 0.0], [0.9, 0.4], [1.0, 0.5, 0.1], [1.0, 0.999, 0.998, 0.0]),
        *([0.7, 0.4, 0.4, 0.1], [0.3, 0.6, 0.1, 0.0]),
    ):
        yield {}, {"timesteps": times}
        yield {"scaler": 2.0}, {"timesteps": times}


def cog_video_x():
    yield from spaced({}, (1, 2, 3, 7, 10, 20, 37))
    yield from spaced({"set_alpha_to_one": False}, (1, 3, 5, 16), (0, 1, 7))
    for fields in combined(
        prediction_type=("epsilon", "v_prediction", "sample"),
        set_alpha_to_one=(True, False),
        timestep_spacing=SPACINGS,
        rescale_betas_zero_snr=(True, False),
    ):
        yield {**fields, "snr_shift_scale": 1.0}, {"steps": 6}
        yield fields, {"steps": 5}
    for clip in (True, False):
        yield {"clip_sample": clip, "clip_sample_range": 0.3}, {"steps": 5}
    for scale in (0.5, 2.0, 7.0):
        yield {"snr_shift_scale": scale}, {"steps": 8}
    yield {}, {"steps": 5, "eta": 0.5}
    yield {}, {"steps": 5, "use_clipped_model_output": True}
    yield from schedules(USUAL)
    for n in (61, 103):
        yield {"timestep_spacing": "trailing"}, {"steps": n}
    for n in (50, 100, 1000):
        yield {"timestep_spacing": "trailing", "prediction_type": "v_prediction"}, {"steps": n}
    for strength in (0.3, 0.75, 1.0):
        yield {"timestep_spacing": "trailing"}, {"steps": 10, "strength": strength}


def consistency_decoder():
    for sigma_data in (0.5, 0.3, 1.0):
        for length in (1024, 1009, 1500, 1000):
            yield {"sigma_data": sigma_data, "num_train_timesteps": length}, {"steps": 2}
    for n in (1, 3):
        yield {}, {"steps": n}
    yield {}, {"steps": 2, "strength": 0.5}
    yield {}, {"steps": 2, "strength": 1.0}


ALPHA_GRIDS = {
    "DDIMScheduler": ddim,
    "DDIMParallelScheduler": ddim,
    "DDIMInverseScheduler": ddim_inverse,
    "DDPMScheduler": ddpm,
    "DDPMParallelScheduler": ddpm,
    "PNDMScheduler": pndm,
    "LCMScheduler": lcm,
    "TCDScheduler": tcd,
    "UnCLIPScheduler": unclip,
    "DDPMWuerstchenScheduler": wuerstchen,
    "CogVideoXDDIMScheduler": cog_video_x,
    "CogVideoXDPMScheduler": cog_video_x,
    "ConsistencyDecoderScheduler": consistency_decoder,
}
