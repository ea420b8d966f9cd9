/**
 * What a page is about, where its title does not say so. Each topic is a name of `aliases.ts` or a
 * plain term, so one list serves both languages.
 */
export const topics: Readonly<Record<string, string>> = {
  "lessons/glance": "generative model, diffusion model, GAN, normalizing flow, 生成模型",
  "lessons/surprise":
    "KL divergence, cross-entropy, entropy, information, maximum likelihood, 最大似然",
  "lessons/chance":
    "Markov chain, chain rule, joint distribution, conditional independence, 条件概率",
  "lessons/dice":
    "reparameterization, pathwise gradient, likelihood-ratio estimator, REINFORCE, 梯度估计",
  "lessons/whose-z": "VAE, autoencoder, latent, encoder, decoder, amortized inference, 编码器",
  "lessons/closed-form":
    "ELBO, KL divergence of two Gaussians, closed form, reconstruction, posterior collapse, 闭式解",
  "lessons/noise": "forward process, noise schedule, noising, SNR",
  "lessons/undo": "posterior, Bayes, reverse process, ancestral sampling, DDPM, 逆向一步",
  "lessons/loss":
    "loss, noise prediction, v-prediction, training objective, bits per dimension, 目标函数",
  "lessons/ddim": "DDIM, deterministic sampling, eta, sigma, undetermined coefficients, 确定性采样",
  "lessons/few-steps": "fewer steps, solver, ODE, DPM-Solver, Heun, fast sampling, 快速采样",
  "lessons/there-and-back": "inversion, DDIM inversion, interpolation, inpainting",
  "lessons/steering": "classifier guidance, classifier-free guidance, score, CFG, conditional",
  "lessons/latent":
    "latent diffusion, latent space, prompt, cross-attention, text encoder, Stable Diffusion, 潜空间, 交叉注意力",
  "guide/ddpm-to-ddim": "undetermined coefficients, derivation of DDIM, 推导",
  "guide/schedulers": "noise schedule, scheduler, prediction type, zero terminal SNR, 预测类型",
  "guide/evaluate":
    "FID, KID, metrics, precision, recall, memorization, log likelihood, 评估, 指标",
  "guide/choose": "sampler, backend, WebGPU, wasm",
  "guide/servers": "cancel, worker, process, concurrency, timeout, 并发, 超时",
  "guide/many-workers":
    "queue, cluster, Redis, Docker, Compose, systemd, S3, many GPUs, cost, 多机, 多卡, 集群, 分布式, 部署, 成本",
  "guide/pytorch-seed": "seed, RNG, reproducible, 复现, 可重复",
  "guide/memory": "out of memory, dispose, leak, batch size, 内存泄漏, 释放, 批大小",
  "guide/python": "export, PyTorch, ONNX, safetensors, NumPy, diffusers",
  "guide/latents": "latent, encode, decode, reconstruct, interpolation, 潜变量, 插值, 重建",
  "guide/train-pictures": "train, dataset, checkpoint, resume, 继续训练, 断点续训",
  "guide/model-files": "download, cache, offline, Hugging Face",
  "guide/image-to-image": "image to image, inpainting, strength, mask, 蒙版, 遮罩",
  "guide/lora-controlnet": "LoRA, ControlNet, textual inversion, adapter, 适配器",
  "guide/text-to-image": "text to image, prompt, Stable Diffusion, browser, page",
  "guide/model-in-a-page": "model, ONNX, browser, page, 网页",
  "guide/onnx-models": "model, ONNX, diffusers",
  "guide/browsers": "browser, support, WebGPU, Chrome, Firefox, Safari, 支持",
  "guide/publish": "publish, deploy, GitHub Pages, static host, 静态网站",
  "guide/bundlers": "bundler, Vite, webpack, esbuild, Next.js",
  "guide/quickstart": "quickstart, install, first model, npm install",
  "guide/guidance": "guidance, class label, conditional, 类别条件",
};
