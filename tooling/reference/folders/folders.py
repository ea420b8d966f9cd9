"""The folders that make.py writes, one function each: it exports, runs the real pipelines, and
gives the cases and their tensors."""

import inspect
import json
import shutil

import torch
from diffusers import (
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    DiTPipeline,
    DiTTransformer2DModel,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    LatentConsistencyModelImg2ImgPipeline,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInstructPix2PixPipeline,
    StableDiffusionXLPipeline,
    UNet2DModel,
    UniPCMultistepScheduler,
)
from optimum.exporters.onnx import main_export

import parts

SD_SCHEDULE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
PROMPT = torch.tensor([[598, 40, 41, 42] + [599] * 73])
OTHER = torch.tensor([[598] + [599] * 76])


def sd_pipeline(scratch, kind=StableDiffusionPipeline, scheduler=None, **changes):
    components = dict(
        vae=parts.vae(2),
        text_encoder=parts.clip(3),
        tokenizer=parts.clip_tokenizer(scratch / "tokenizer"),
        unet=parts.unet(1),
        scheduler=scheduler or PNDMScheduler(**SD_SCHEDULE, skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
    )
    components.update(changes)
    extra = {} if "XL" in kind.__name__ else {"requires_safety_checker": False}
    return kind(**components, **extra)


def export(pipe, target, scratch, task="text-to-image", **options):
    """optimum-cli export onnx."""
    pipe.save_pretrained(scratch / "torch")
    main_export(str(scratch / "torch"), target, task=task, do_validation=False, **options)
    return target


class Goldens:
    """The cases of one folder: each is a run of a real pipeline whose latents are kept."""

    def __init__(self):
        self.cases, self.tensors = [], {}

    def keep(self, **tensors):
        self.tensors.update(tensors)

    def run(self, name, pipe, *, steps, scheduler=None, seed=0, pasted=False, **call):
        """Runs a pipeline and gives its result. `scheduler` is (class, config) of another scheduler;
        `pasted` keeps the latents that the pipeline pastes after each step."""
        own = pipe.scheduler
        if scheduler:
            kind, config = scheduler
            pipe.scheduler = kind(**config)
        latents, times = [], []
        step = pipe.scheduler.step

        def watched(output, t, sample, *args, **kwargs):
            if not latents:
                latents.append(sample.clone())
            times.append(float(t))
            result = step(output, t, sample, *args, **kwargs)
            latents.append(result[0].clone())
            return result

        # Pipelines read the signature of `step` to see what it takes.
        watched.__signature__ = inspect.signature(step)
        pipe.scheduler.step = watched
        pipe.set_progress_bar_config(disable=True)
        after = []
        if pasted:
            call["callback_on_step_end"] = lambda _pipe, _i, _t, kept: after.append(kept["latents"].clone()) or {}
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            result = pipe(num_inference_steps=steps, generator=generator, **call)
        config = {k: v for k, v in dict(pipe.scheduler.config).items() if not k.startswith("_use") and v != float("-inf")}
        config["_class_name"] = type(pipe.scheduler).__name__
        del pipe.scheduler.step
        pipe.scheduler = own
        if pasted:
            latents[1:] = after
        plain = {k: v for k, v in call.items() if isinstance(v, (int, float, str))}
        # A guided DiT runs its batch twice, with the same latents.
        self.tensors[f"{name}.latents"] = torch.stack([x[0] for x in latents])
        self.cases.append(
            {"name": name, "steps": steps, "seed": seed, "times": times, "scheduler": config, **plain}
        )
        return result

    def done(self):
        return self.cases, self.tensors


def encoded(encoder, ids=PROMPT):
    with torch.no_grad():
        return encoder(ids)[0]


# Solvers on the classes' own spacing: configs of SD 1.x without timestep_spacing.
SOLVERS = {
    "ddim": (DDIMScheduler, dict(**SD_SCHEDULE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)),
    "pndm": (PNDMScheduler, dict(**SD_SCHEDULE, skip_prk_steps=True, steps_offset=1)),
    "euler": (EulerDiscreteScheduler, SD_SCHEDULE),
    "euler-a": (EulerAncestralDiscreteScheduler, SD_SCHEDULE),
    "dpmpp": (DPMSolverMultistepScheduler, SD_SCHEDULE),
    "unipc": (UniPCMultistepScheduler, SD_SCHEDULE),
}


def sd1(target, scratch, **options):
    pipe = sd_pipeline(scratch)
    export(pipe, target, scratch, **options)
    g = Goldens()
    prompt, other = encoded(pipe.text_encoder), encoded(pipe.text_encoder, OTHER)
    with torch.no_grad():
        image = torch.linspace(-1, 1, 3 * 64 * 64).sin().reshape(1, 3, 64, 64)
        moments = pipe.vae.encode(image).latent_dist.parameters
    g.keep(ids=PROMPT, prompt=prompt, other=other, image=image, moments=moments)
    call = dict(prompt_embeds=prompt, negative_prompt_embeds=other, guidance_scale=5.0, output_type="latent")
    for name, scheduler in SOLVERS.items():
        g.run(name, pipe, steps=6, scheduler=scheduler, **call)
    z = g.tensors["ddim.latents"][-1:]
    with torch.no_grad():
        g.keep(decoded=pipe.vae.decode(z / pipe.vae.config.scaling_factor).sample)
    return g.done()


def sd1_external(target, scratch):
    """Two parts of sd1 in the layout of models above 2 GB: every tensor of 100 bytes or more outside,
    Constants too."""
    import onnx
    from onnx.external_data_helper import set_external_data

    export(sd_pipeline(scratch), scratch / "whole", scratch)
    for part in ["text_encoder", "vae_decoder"]:
        shutil.copytree(scratch / "whole" / part, target / part)
        path = target / part / "model.onnx"
        model = onnx.load(path)
        data = target / part / "model.onnx_data"
        constants = [
            a.t for n in model.graph.node if n.op_type == "Constant" for a in n.attribute if a.name == "value"
        ]
        offset = 0
        with open(data, "wb") as file:
            for tensor in [*model.graph.initializer, *constants]:
                if len(tensor.raw_data) < 100:
                    continue
                file.write(tensor.raw_data)
                set_external_data(tensor, "model.onnx_data", offset, len(tensor.raw_data))
                offset += len(tensor.raw_data)
                tensor.ClearField("raw_data")
        path.write_bytes(model.SerializeToString())
    return [], {}


def sd1_fp16(target, scratch):
    """Parts exported in halves, as optimum does on a GPU. Weights are those of sd1."""
    from optimum.exporters.onnx import onnx_export_from_model

    pipe = sd_pipeline(scratch)
    half = pipe.to(torch.float16)
    onnx_export_from_model(half, target, task="text-to-image", do_validation=False)
    half.save_pretrained(scratch / "torch")
    return [], {}


def inpaint_pipeline(scratch):
    return sd_pipeline(
        scratch,
        StableDiffusionInpaintPipeline,
        scheduler=DDIMScheduler(**SD_SCHEDULE, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        unet=parts.unet(5, in_channels=9),
    )


def inpaint(target, scratch):
    pipe = inpaint_pipeline(scratch)
    export(pipe, target, scratch, task="inpainting")
    g = Goldens()
    prompt, other = encoded(pipe.text_encoder), encoded(pipe.text_encoder, OTHER)
    image = torch.linspace(-1, 1, 3 * 64 * 64).sin().reshape(1, 3, 64, 64)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 24:64] = 1
    forward, kept = pipe.unet.forward, {}

    def watched(sample, *args, **kwargs):
        kept.setdefault("mask", sample[:1, 4:5])
        kept.setdefault("masked", sample[:1, 5:])
        return forward(sample, *args, **kwargs)

    pipe.unet.forward = watched
    call = dict(prompt_embeds=prompt, negative_prompt_embeds=other, guidance_scale=5.0, output_type="latent")
    g.run("ddim", pipe, steps=5, image=image, mask_image=mask, height=64, width=64, strength=1.0, **call)
    g.keep(prompt=prompt, other=other, **kept)
    return g.done()


def edit_pipeline(scratch):
    """Of narrow networks: blocks of 16 channels."""
    unet = parts.unet(6, in_channels=8, block_out_channels=(parts.WIDTH // 2,) * 2)
    return sd_pipeline(scratch, StableDiffusionInstructPix2PixPipeline, unet=unet)


def edit(target, scratch):
    export(edit_pipeline(scratch), target, scratch, task="text-to-image")
    return [], {}


def edit_xl_pipeline(scratch):
    """Of narrow networks: blocks of 16 channels."""
    narrow = dict(in_channels=8, block_out_channels=(parts.WIDTH // 2,) * 2)
    return StableDiffusionXLInstructPix2PixPipeline(
        text_encoder=parts.clip(13),
        tokenizer=parts.clip_tokenizer(scratch / "tokenizer"),
        **sdxl_parts(scratch, 6, **narrow),
        add_watermarker=False,
    )


def edit_xl(target, scratch):
    export(edit_xl_pipeline(scratch), target, scratch, task="text-to-image")
    return [], {}


def sdxl_parts(scratch, time_ids, **changes):
    return dict(
        vae=parts.vae(12, scaling_factor=0.13025),
        text_encoder_2=parts.projected_clip(14),
        tokenizer_2=parts.clip_tokenizer(scratch / "tokenizer_2"),
        unet=parts.unet(
            11,
            cross_attention_dim=2 * parts.WIDTH if time_ids == 6 else parts.WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=parts.WIDTH + 8 * time_ids,
            **changes,
        ),
        scheduler=EulerDiscreteScheduler(**SD_SCHEDULE, timestep_spacing="leading", steps_offset=1),
    )


def hidden(encoder, ids=PROMPT):
    """The last hidden state but one, and the first output."""
    with torch.no_grad():
        result = encoder(ids, output_hidden_states=True)
    return result.hidden_states[-2], result[0]


def sdxl_pipeline(scratch):
    return StableDiffusionXLPipeline(
        text_encoder=parts.clip(13),
        tokenizer=parts.clip_tokenizer(scratch / "tokenizer"),
        **sdxl_parts(scratch, 6),
        add_watermarker=False,
    )


def sdxl(target, scratch):
    pipe = sdxl_pipeline(scratch)
    export(pipe, target, scratch)
    g = Goldens()
    first, (second, pooled) = hidden(pipe.text_encoder)[0], hidden(pipe.text_encoder_2)
    prompt = torch.cat([first, second], dim=-1)
    g.keep(ids=PROMPT, prompt=prompt, pooled=pooled)
    call = dict(
        prompt_embeds=prompt,
        pooled_prompt_embeds=pooled,
        negative_prompt_embeds=torch.zeros_like(prompt),
        negative_pooled_prompt_embeds=torch.zeros_like(pooled),
        height=64,
        width=64,
    )
    g.run("euler", pipe, steps=5, guidance_scale=5.0, output_type="latent", **call)
    return g.done()


def refiner_pipeline(scratch):
    return StableDiffusionXLImg2ImgPipeline(
        text_encoder=None,
        tokenizer=None,
        **sdxl_parts(scratch, 5),
        requires_aesthetics_score=True,
        add_watermarker=False,
    )


def refiner(target, scratch):
    pipe = refiner_pipeline(scratch)
    export(pipe, target, scratch, task="image-to-image")
    g = Goldens()
    prompt, pooled = hidden(pipe.text_encoder_2)
    g.keep(prompt=prompt, pooled=pooled)
    call = dict(
        prompt_embeds=prompt,
        pooled_prompt_embeds=pooled,
        negative_prompt_embeds=torch.zeros_like(prompt),
        negative_pooled_prompt_embeds=torch.zeros_like(pooled),
        image=torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8),
    )
    g.run("euler", pipe, steps=10, strength=0.3, guidance_scale=5.0, output_type="latent", **call)
    return g.done()


def lcm_pipeline(scratch):
    return sd_pipeline(
        scratch,
        LatentConsistencyModelPipeline,
        scheduler=LCMScheduler(**SD_SCHEDULE, clip_sample=False, set_alpha_to_one=True),
        unet=parts.unet(21, time_cond_proj_dim=16),
    )


def lcm(target, scratch):
    pipe = lcm_pipeline(scratch)
    export(pipe, target, scratch)
    g = Goldens()
    prompt = encoded(pipe.text_encoder)
    cond = pipe.get_guidance_scale_embedding(torch.tensor([7.5]), embedding_dim=16)
    start = torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)
    g.keep(prompt=prompt, timestep_cond=cond, start=start)
    g.run("lcm", pipe, steps=4, prompt_embeds=prompt, guidance_scale=8.5, output_type="latent")
    again = LatentConsistencyModelImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    call = dict(prompt_embeds=prompt, guidance_scale=8.5, output_type="latent", image=start)
    g.run("lcm-image", again, steps=4, strength=0.6, **call)
    return g.done()


def sd3_pipeline(scratch, channels=4, **changes):
    settings = dict(
        sample_size=8,
        patch_size=2,
        in_channels=channels,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=parts.WIDTH,
        caption_projection_dim=parts.WIDTH,
        pooled_projection_dim=2 * parts.WIDTH,
        out_channels=channels,
        pos_embed_max_size=16,
    )
    vae = dict(shift_factor=0.0609, scaling_factor=1.5305, use_quant_conv=False, use_post_quant_conv=False)
    return StableDiffusion3Pipeline(
        transformer=parts.packed(SD3Transformer2DModel(**{**settings, **changes}), 31),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=parts.vae(32, latent_channels=channels, **vae),
        text_encoder=parts.projected_clip(33, hidden_size=16, projection_dim=32),
        tokenizer=parts.clip_tokenizer(scratch / "tokenizer"),
        text_encoder_2=parts.projected_clip(34, hidden_size=16, projection_dim=32),
        tokenizer_2=parts.clip_tokenizer(scratch / "tokenizer_2"),
        text_encoder_3=parts.t5(35),
        tokenizer_3=parts.t5_tokenizer(),
    )


def sd3(target, scratch):
    pipe = sd3_pipeline(scratch)
    t5_ids = torch.tensor([[3, 9, 27, 1] + [0] * 12])
    export(pipe, target, scratch)
    g = Goldens()
    with torch.no_grad():
        t5_states = pipe.text_encoder_3(t5_ids)[0]
    generator = torch.Generator().manual_seed(36)
    prompt = torch.randn(1, 93, parts.WIDTH, generator=generator)
    pooled = torch.randn(1, 2 * parts.WIDTH, generator=generator)
    g.keep(t5_ids=t5_ids, t5_states=t5_states, prompt=prompt, pooled=pooled)
    call = dict(
        prompt_embeds=prompt,
        pooled_prompt_embeds=pooled,
        negative_prompt_embeds=torch.zeros_like(prompt),
        negative_pooled_prompt_embeds=torch.zeros_like(pooled),
        height=64,
        width=64,
        guidance_scale=4.0,
        output_type="latent",
    )
    g.run("flow", pipe, steps=5, **call)
    return g.done()


def sd35_pipeline(scratch):
    """Of Stable Diffusion 3.5's layout: 16 channels, a block of two attentions, and normalized keys."""
    return sd3_pipeline(scratch, 16, num_layers=2, dual_attention_layers=(0,), qk_norm="rms_norm")


def sd35(target, scratch):
    export(sd35_pipeline(scratch), target, scratch)
    return [], {}


def flux_pipeline(scratch):
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=parts.WIDTH,
        pooled_projection_dim=parts.WIDTH,
        guidance_embeds=True,
        axes_dims_rope=(2, 2, 4),
    )
    scheduler = FlowMatchEulerDiscreteScheduler(
        shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096
    )
    return FluxPipeline(
        transformer=parts.packed(transformer, 41),
        scheduler=scheduler,
        vae=parts.vae(42, shift_factor=0.1159, scaling_factor=0.3611, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=parts.clip(43),
        tokenizer=parts.clip_tokenizer(scratch / "tokenizer"),
        text_encoder_2=parts.t5(44),
        tokenizer_2=parts.t5_tokenizer(),
    )


def flux(target, scratch):
    pipe = flux_pipeline(scratch)
    export(pipe, target, scratch)
    g = Goldens()
    generator = torch.Generator().manual_seed(46)
    prompt = torch.randn(1, 12, parts.WIDTH, generator=generator)
    pooled = torch.randn(1, parts.WIDTH, generator=generator)
    g.keep(prompt=prompt, pooled=pooled)
    call = dict(prompt_embeds=prompt, pooled_prompt_embeds=pooled, height=64, width=64, output_type="latent")
    g.run("flow", pipe, steps=4, guidance_scale=3.5, **call)
    return g.done()


def onnx_file(model, arguments, path, names, outputs, dynamic=None, dynamo=False, opset=17):
    path.parent.mkdir(parents=True, exist_ok=True)
    options = dict(dynamo=True, external_data=False) if dynamo else dict(dynamo=False, dynamic_axes=dynamic)
    torch.onnx.export(
        model, arguments, str(path), input_names=names, output_names=outputs, opset_version=opset, **options
    )


class First(torch.nn.Module):
    """A model as a function of named inputs, with its first output."""

    def __init__(self, model, *names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *values):
        return self.model(**dict(zip(self.names, values)), return_dict=False)[0]


class Encoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, sample):
        return self.vae.encode(sample, return_dict=False)[0].mode()


class Decoder(Encoder):
    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


def dit(target, scratch):
    transformer = DiTTransformer2DModel(
        sample_size=8,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=4,
        in_channels=4,
        out_channels=8,
        num_embeds_ada_norm=1000,
        norm_elementwise_affine=False,
    )
    model = parts.packed(transformer, 51)
    vae = parts.vae(52, levels=2)
    pipe = DiTPipeline(model, vae, DDIMScheduler())
    pipe.save_pretrained(scratch / "torch")
    target.mkdir(parents=True)
    (target / "model_index.json").write_text((scratch / "torch/model_index.json").read_text())
    for part in ["transformer/config.json", "scheduler/scheduler_config.json"]:
        (target / part).parent.mkdir()
        (target / part).write_text((scratch / "torch" / part).read_text())
    names = ["hidden_states", "timestep", "class_labels"]
    example = (torch.zeros(2, 4, 8, 8), torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
    onnx_file(First(model, *names), example, target / "transformer/model.onnx", names, ["out_sample"], {n: {0: "batch"} for n in names})
    g = Goldens()
    g.run("ddim", pipe, steps=5, class_labels=[3], guidance_scale=4.0, output_type="pt")
    g.cases[0]["class_labels"] = 3
    return g.done()


def ddpm(target, scratch):
    model = parts.packed(
        UNet2DModel(
            sample_size=16,
            in_channels=3,
            out_channels=3,
            block_out_channels=(parts.WIDTH // 2, parts.WIDTH // 2),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=8,
        ),
        61,
    )
    pipe = DDPMPipeline(model, DDPMScheduler())
    pipe.save_pretrained(scratch / "torch")
    target.mkdir(parents=True)
    (target / "model_index.json").write_text((scratch / "torch/model_index.json").read_text())
    for part in ["unet/config.json", "scheduler/scheduler_config.json"]:
        (target / part).parent.mkdir()
        (target / part).write_text((scratch / "torch" / part).read_text())
    names = ["sample", "timestep"]
    example = (torch.zeros(2, 3, 16, 16), torch.tensor(0))
    onnx_file(First(model, *names), example, target / "unet/model.onnx", names, ["out_sample"], {"sample": {0: "batch"}})
    g = Goldens()
    g.run("ddpm", pipe, steps=5, output_type="np")
    return g.done()


def ddpm_classes(target, scratch):
    """A UNet2DModel with 10 classes and an eleventh label that means none, guided by hand: diffusers
    has no pipeline for it."""
    model = parts.packed(
        UNet2DModel(
            sample_size=8,
            in_channels=3,
            out_channels=3,
            block_out_channels=(parts.WIDTH // 2, parts.WIDTH // 2),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            norm_num_groups=8,
            num_class_embeds=11,
        ),
        71,
    )
    scheduler = DDPMScheduler()
    model.save_config(target / "unet")
    scheduler.save_pretrained(target / "scheduler")
    names = ["sample", "timestep", "class_labels"]
    example = (torch.zeros(2, 3, 8, 8), torch.tensor(0), torch.zeros(2, dtype=torch.int64))
    onnx_file(First(model, *names), example, target / "unet/model.onnx", names, ["out_sample"], {"sample": {0: "batch"}, "class_labels": {0: "batch"}})
    labels, guidance_scale, steps, seed = torch.tensor([3, 7]), 2.5, 4, 0
    generator = torch.Generator().manual_seed(seed)
    scheduler.set_timesteps(steps)
    x = torch.randn(2, 3, 8, 8, generator=generator)
    latents = [x]
    with torch.no_grad():
        for t in scheduler.timesteps:
            given, none = (model(x, t, class_labels=one).sample for one in [labels, torch.full_like(labels, 10)])
            x = scheduler.step(none + guidance_scale * (given - none), t, x, generator=generator).prev_sample
            latents.append(x)
    case = {
        "name": "guided",
        "steps": steps,
        "seed": seed,
        "times": scheduler.timesteps.tolist(),
        "scheduler": {k: v for k, v in scheduler.config.items() if not k.startswith("_use")} | {"_class_name": "DDPMScheduler"},
        "guidance_scale": guidance_scale,
        "class_labels": labels.tolist(),
    }
    return [case], {"guided.latents": torch.stack(latents)}


def dynamo(opset):
    """sd1's UNet by the exporter that traces (dynamo); what is not the UNet is left out."""

    def make(target, scratch):
        unet = parts.unet(1)
        names = ["sample", "timestep", "encoder_hidden_states"]
        example = (torch.zeros(2, 4, 8, 8), torch.tensor(0.0), torch.zeros(2, 77, parts.WIDTH))
        onnx_file(First(unet, *names), example, target / "unet/model.onnx", names, ["out_sample"], dynamo=True, opset=opset)
        unet.save_config(target / "unet")
        DDIMScheduler(**SOLVERS["ddim"][1]).save_pretrained(target / "scheduler")
        return [], {}

    return make


def legacy(target, scratch):
    """The layout of diffusers' script of 2022 (scripts/convert_stable_diffusion_checkpoint_to_onnx.py)."""
    pipe = sd_pipeline(scratch, scheduler=DDIMScheduler(**SOLVERS["ddim"][1]))
    pipe.tokenizer.save_pretrained(target / "tokenizer")
    pipe.scheduler.save_pretrained(target / "scheduler")
    spatial = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    names = ["sample", "timestep", "encoder_hidden_states"]
    example = (torch.zeros(2, 4, 8, 8), torch.zeros(2, dtype=torch.int64), torch.zeros(2, 77, parts.WIDTH))
    axes = {"sample": spatial, "timestep": {0: "batch"}, names[2]: {0: "batch", 1: "sequence"}}
    onnx_file(First(pipe.unet, *names), example, target / "unet/model.onnx", names, ["out_sample"], axes, opset=14)
    outside(target / "unet/model.onnx", "weights.pb")
    ids = torch.zeros(1, 77, dtype=torch.int32)
    onnx_file(First(pipe.text_encoder, "input_ids"), (ids,), target / "text_encoder/model.onnx", ["input_ids"], ["last_hidden_state"], {"input_ids": {0: "batch", 1: "sequence"}}, opset=14)

    onnx_file(Encoder(pipe.vae), (torch.zeros(1, 3, 64, 64),), target / "vae_encoder/model.onnx", ["sample"], ["latent_sample"], {"sample": spatial}, opset=14)
    onnx_file(Decoder(pipe.vae), (torch.zeros(1, 4, 8, 8),), target / "vae_decoder/model.onnx", ["latent_sample"], ["sample"], {"latent_sample": spatial}, opset=14)
    onnx = ["diffusers", "OnnxRuntimeModel"]
    index = {
        "_class_name": "OnnxStableDiffusionPipeline",
        "_diffusers_version": "0.11.0",
        "feature_extractor": [None, None],
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": onnx,
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": onnx,
        "vae_decoder": onnx,
        "vae_encoder": onnx,
    }
    (target / "model_index.json").write_text(json.dumps(index, indent=2))
    g = Goldens()
    prompt, other = encoded(pipe.text_encoder), encoded(pipe.text_encoder, OTHER)
    with torch.no_grad():
        image = torch.linspace(-1, 1, 3 * 64 * 64).sin().reshape(1, 3, 64, 64)
        mode = pipe.vae.encode(image).latent_dist.mode()
    g.keep(prompt=prompt, other=other, image=image, mode=mode)
    g.run("ddim", pipe, steps=5, prompt_embeds=prompt, negative_prompt_embeds=other, guidance_scale=5.0, output_type="latent")
    return g.done()


def outside(path, name):
    import onnx

    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location=name, size_threshold=1024)


ALL = {
    "sd1": sd1,
    "sd1-external": sd1_external,
    "sd1-fp16": sd1_fp16,
    "inpaint": inpaint,
    "edit": edit,
    "edit-xl": edit_xl,
    "sdxl": sdxl,
    "refiner": refiner,
    "lcm": lcm,
    "sd3": sd3,
    "sd35": sd35,
    "flux": flux,
    "dit": dit,
    "ddpm": ddpm,
    "ddpm-classes": ddpm_classes,
    "legacy": legacy,
    "dynamo-20": dynamo(20),
    "dynamo-23": dynamo(23),
}
