import type { Strings } from "./en.ts";

export const zh: Strings = {
  description:
    "输入一个词，1200 个随机点会自己走成它：先用精确去噪器，再用在本页里学成的小型扩散模型。",
  language: "语言",
  pages: "页面",
  book: "书",
  themes: { light: "切换到深色主题", dark: "切换到浅色主题" },
  unknownPage: (id) => `这里没有“${id}”这一页，现在显示的是首页。`,
  skip: "跳到正文",
  footer:
    "所有计算都在本页、在你的机器上进行，不上传任何数据；你的画和最近的模型只留在这个浏览器里。",
  oneThread:
    "本页所在的服务器不允许共享内存，所以这次访问中大模型只用一个线程；下次访问起会用上全部线程。",
  failed: (reason) => `页面的这一部分未能启动：${reason}`,
  reload: "重新加载",
  detail: "程序的原话",
  limits: {
    backend: (what) =>
      `${what} 未能启动，可能是它的某个文件被扩展程序、过滤器或网络拦截。请换一个后端，或重新加载页面。`,
    workers: "本页不能启动 Worker，因此在页面自身的线程中计算。训练时可能卡顿，其余功能正常。",
    wasm: "本页不能运行 WebAssembly。TensorFlow.js 不用它也能运行，只是慢一些。",
    offline: (what) =>
      `网络已断开，而 ${what} 尚未下载。数据、绘图和已有的样本都还在，请联网后重试。`,
  },
  seconds: (s) =>
    s < 1 ? `${Math.round(s * 1000)} 毫秒` : `${s < 10 ? s.toFixed(1) : Math.round(s)} 秒`,
  minutes: (minutes, seconds) => `${minutes} 分 ${seconds} 秒`,
  rooms: {
    postcard: { name: "明信片", title: "在噪声里写一句话。" },
    learn: { name: "学习", title: "从噪声到点集" },
    compare: { name: "DDPM | DDIM", title: "新加的噪声换来了什么？" },
    steer: { name: "引导", title: "是谁在拉这些点？" },
    latent: { name: "潜空间", title: "VAE 知道些什么？" },
    images: { name: "图像", title: "换成图像呢？" },
    model: { name: "你的模型", title: "我的模型能用吗？" },
    race: { name: "赛跑", title: "换一台机器，结果会变吗？" },
  },
  greeting: "你好",
  drawPad: { label: "绘图区。拖动即可绘制；也可用方向键移动，按空格键加点。", hint: "在这里画" },
  backend: { runsOn: "正运行于", ranOn: "运行于" },
  takeAway: {
    title: "带走它",
    code: "代码",
    copy: "复制代码",
    copied: "代码已复制。",
    notCopied: "浏览器未能复制代码，请选中后手动复制。",
    saved: (name) => `已保存为 ${name}。`,
    points: "点坐标（CSV）",
    onnx: "模型（ONNX）",
    safetensors: "模型（safetensors）",
    folder: "模型（文件夹）",
  },
  river: {
    plot: "每条路径的横坐标随 log SNR 的变化：DDIM 的路径平滑，DDPM 的路径游荡。",
    scrubber: "路径上的时刻",
  },
};
