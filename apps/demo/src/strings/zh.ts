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
    learn: { name: "学习", title: "从噪声到点集" },
    compare: { name: "DDPM | DDIM", title: "新加的噪声换来了什么？" },
    steer: { name: "引导", title: "是谁在拉这些点？" },
    latent: { name: "潜空间", title: "VAE 知道些什么？" },
    images: { name: "图像", title: "换成图像呢？" },
    model: { name: "你的模型", title: "我的模型能用吗？" },
    race: { name: "赛跑", title: "换一台机器，结果会变吗？" },
  },
  drawPad: { label: "绘图区。拖动即可绘制；也可用方向键移动，按空格键加点。", hint: "在这里画" },
  backend: { runsOn: "正运行于", ranOn: "运行于" },
  takeAway: {
    title: "带走它",
    copy: "复制代码",
    copied: "代码已复制。",
    notCopied: "浏览器未能复制代码，请选中后手动复制。",
    saved: (name) => `已保存为 ${name}。`,
  },
  river: {
    plot: "每条路径的横坐标随 log SNR 的变化：DDIM 的路径平滑，DDPM 的路径游荡。",
    scrubber: "路径上的时刻",
  },
  postcard: {
    name: "明信片",
    title: "在噪声里写一句话。",
    lead: (points) =>
      `输入或手绘。这 ${points} 个随机点会自己走成它；谁打开你的链接，看到的都是同一幅。`,
    greeting: "你好",
    word: "词",
    placeholder: "你的词",
    type: "输入",
    draw: "改用手绘",
    drawn: "画好了",
    toys: { moons: "双月", rings: "圆环" },
    csv: "你的 CSV",
    newNoise: "换一份噪声",
    badFile: (name) => `${name} 中没有点：每行需要两个数，即 x 和 y。文件不超过 4 MB。`,
    copy: "复制链接",
    play: "再放一遍",
    save: "保存为",
    formats: { png: "PNG", svg: "SVG", film: "动画", csv: "点坐标" },
    copied: (characters) => `已复制：${characters} 个字符，装下了整幅画。`,
    notCopied: "浏览器未能复制链接，请手动复制：",
    saved: "已保存。",
    recording: "正在录制，约 4 秒……",
    noFilm: (n) => `此浏览器不能录制动画，已改存 ${n} 张静图。`,
    damaged: "链接已损坏，或来自更新的版本。这里显示的是另一幅画。",
    tracing: "正在计算路径……",
    fact: (steps, time) => `尚无网络：精确去噪器走了 ${steps} 步，用时 ${time}。`,
    next: "接着让网络来学 →",
    caption:
      "左：纯噪声。右：你的画。蓝线平滑（DDIM，η = 0），红线游荡（DDPM，η = 1）：同一起点，同一种子。拖动即可穿越时间。",
    plot: (points, word, logSnr) =>
      `${points} 个点正从噪声走向${word ? `“${word}”` : "画面"}，log SNR 为 ${logSnr.toFixed(1)}`,
    numbers: "点的坐标",
    numbersCaption: (shown, all) =>
      `${all} 个点中的前 ${shown} 个在此刻的坐标；“保存为：点坐标”含全部。`,
    point: "点",
    letters: {
      hint: "指向一个字母：它会在图中和代码里一起亮起。",
      x0: "x̂₀：去噪器认为每个点该去的地方",
      eps: "ε：去噪器在每个点里看到的噪声",
      eta: "σ：每一步加入多少新噪声；DDIM 中为 0",
      z: "z：新噪声，DDPM 因它而游荡",
    },
  },
};
