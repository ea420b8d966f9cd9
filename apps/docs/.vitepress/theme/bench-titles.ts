/** The sections of bench/RESULTS.md in Chinese. A test demands each of them. */
export const chineseTitles: Readonly<Record<string, string>> = {
  "Normal numbers": "正态随机数",
  "VAE 784-400-20 on Fashion-MNIST: training step": "Fashion-MNIST 上的 VAE 784-400-20：训练一步",
  "VAE 784-400-20 on Fashion-MNIST: training step in WebAssembly":
    "Fashion-MNIST 上的 VAE 784-400-20：在 WebAssembly 中训练一步",
  "VAE 784-400-20 on Fashion-MNIST: test ELBO": "Fashion-MNIST 上的 VAE 784-400-20：测试集的 ELBO",
  "Two moons: training step of the MLP denoiser": "two moons：MLP 去噪器训练一步",
  "Two moons: samples of the MLP denoiser, T = 1000": "two moons：MLP 去噪器的样本，T = 1000",
  "Fast solvers: distance to the end of the flow": "快速求解器：到流终点的距离",
  "Sampler overhead": "采样器的额外开销",
  "UNet 28x28, 1.1 M parameters: DDIM step": "UNet 28x28，110 万个参数：DDIM 一步",
  "UNet 28x28, 1.1 M parameters: training step": "UNet 28x28，110 万个参数：训练一步",
  "UNet 28x28, 1.1 M parameters: DDIM step in WebAssembly, in Node":
    "UNet 28x28，110 万个参数：Node 中 WebAssembly 上的 DDIM 一步",
  "Servers: the greatest delay of the event loop": "服务器：事件循环的最大延迟",
  "Requests: 50 clients of one server": "请求：一台服务器的 50 个客户端",
  "Jobs: workers on many hosts": "任务：许多主机上的工作进程",
  "DDIM step of the UNet in a page, headless Chromium": "页面中 UNet 的 DDIM 一步，无界面 Chromium",
  "Training step of the UNet in a page, headless Chromium": "页面中 UNet 训练一步，无界面 Chromium",
  "Training step of the VAE in a page, headless Chromium": "页面中 VAE 训练一步，无界面 Chromium",
  "First sample in a page, headless Chromium": "页面中的第一个样本，无界面 Chromium",
  "Memory of a large model in a page, headless Chromium": "页面中大模型占用的内存，无界面 Chromium",
  "The demo in headless Chromium": "演示应用，无界面 Chromium",
  "Real GPUs: conformance, and a UNet's steps beside a bare session":
    "真实的 GPU：一致性，以及 UNet 的一步与裸会话对照",
  "Bundle sizes": "打包后的大小",
  "Large models: Stable Diffusion's UNet at half its widths, 220 M parameters, float32, guided, onnxruntime-node":
    "大模型：宽度减半的 Stable Diffusion UNet，2.2 亿个参数，float32，带引导，onnxruntime-node",
  "Large models: Stable Diffusion 1.5's UNet, 860 M parameters, float16, guided, onnxruntime-node":
    "大模型：Stable Diffusion 1.5 的 UNet，8.6 亿个参数，float16，带引导，onnxruntime-node",
  "Large models: Stable Diffusion 1.5's UNet, 860 M parameters, float32, guided, onnxruntime-node":
    "大模型：Stable Diffusion 1.5 的 UNet，8.6 亿个参数，float32，带引导，onnxruntime-node",
};
