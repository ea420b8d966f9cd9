/*
 * The help's texts in Chinese. A test compares them with the English help: every command, option
 * and sampler has a text here, and numbers, flags and names of files are in both.
 */

import { topicNames } from "./help-topics.ts";

/** A command's texts in Chinese. */
interface CommandTexts {
  readonly description: string;
  /** What the command's argument is. */
  readonly argument?: string;
  /** The paragraphs below the options; `samplers` stands for the list of samplers. */
  readonly notes?: readonly string[];
}

export const titles: Readonly<Record<string, string>> = {
  "Usage:": "用法:",
  "Arguments:": "参数:",
  "Options:": "选项:",
  "Commands:": "命令:",
};

export const helpTexts = { option: "显示帮助", command: "显示某个命令的帮助" };

const resume =
  "按 Ctrl-C、磁盘写满或崩溃之后，文件夹仍然可用。同一条命令从上次保存处继续训练，最终得到相同的权重。--out 可以是保存着这次训练的文件夹，但不能是保存着另一次训练的文件夹。--steps 比原来大时，训练接着进行：--rate-decay 为 constant 或 step 时，结果与一次训练到该步数完全相同；否则学习率会重新升高。同一时间只能有一个进程向一个文件夹训练。";

const neededForJobs =
  "需要先安装：npm install bullmq ioredis，并启动 Redis：redis-server --appendonly yes";

/** The commands by their paths. */
export const commandTexts: Readonly<Record<string, CommandTexts>> = {
  "": {
    description: "训练 VAE、DDPM 与 DDIM，并用它们采样。",
    notes: [
      `gen help 的主题: ${topicNames.join("、")}。`,
      "退出码: 0 完成，1 失败，2 输入有误，130 按了 Ctrl-C（已做的工作会保存）。",
      "GEN_DEBUG=1 在错误之后打印调用栈。",
    ],
  },
  quickstart: {
    description: "用内置图像训练一个 VAE 和两个 DDPM，保存、重新载入并采样，写出图片和一份报告",
    notes: ["再次运行时从上次停下的地方继续，并沿用已有的结果；--force 重新开始。"],
  },
  train: { description: "训练模型，保存为由 ONNX 和 JSON 组成的文件夹" },
  "train vae": {
    description: "用图像训练变分自编码器",
    notes: [
      "各目标及其选项：elbo 是证据下界：--beta --anneal --free-bits --draws。vamp 是先验可学习的下界：--beta --anneal --draws --pseudo-inputs。iwae 是 K 次抽样的下界，dreg 与它相同，但用双重重参数化的梯度：--draws。info 是 InfoVAE，使用 q(z) 与先验的 MMD，wae 是平方误差加上它：--lambda。beta-tc 给总相关加权：--beta。factor 与它相同，但用判别器估计，判别器由学习率为 0.0001 的 Adam 训练：--gamma。vq 使用学到的码本，每个码有 --latent 个数：--codes --codebook-decay --commitment。fsq 的码由取整的特征组成：--levels。",
      "",
      "使用码的 VAE，--network mlp 时每张图片有 16 个码，conv 与 residual 时是边长为四分之一的一幅码图。perplexity 说明一批用到了多少个码。",
      "",
      "用 --classes 训练的 VAE 没有 ONNX 文件，只有 gen 命令使用它的文件夹。",
      "",
      resume,
    ],
  },
  "train ddpm": {
    description: "用图像、点或 VAE 的潜变量训练去噪扩散模型",
    notes: [
      "使用 --from 时，学习率为默认值的十分之一，但与 --lora 一起使用时不变；若模型有类别，则使用数据的类别。点会先标准化。若点来自文件，`gen sample` 按文件的单位给出样本；若来自内置的二维数据，则给出标准化后的样本。",
      resume,
    ],
  },
  "train classifier": {
    description: "训练图像或点的分类器，它可以引导扩散模型",
    notes: [
      "数据必须有类别：子文件夹，或文件中的标签。损失是以 nat 计的交叉熵，accuracy 是分类正确的比例。结束时在留出的数据上测量；给出 --validate-every 时，训练途中也测量。文件夹中的 features.onnx 给出最后一层的输入，gen evaluate --features 接受该文件夹。",
      resume,
    ],
  },
  sample: {
    description: "用管线文件夹采样，或从 VAE 的先验采样",
    notes: [
      "samplers",
      "",
      "--out 以 .png 结尾时得到一张包含全部样本的图片，以 .npy 结尾时得到数值（图像的数值在 [-1, 1] 内）。其他路径是一个文件夹，其中两者都有，并为每幅图像各存一个文件。",
      "",
      "若调度器裁剪干净样本的估计，ddim 保留预测的噪声，ddpm 重新计算噪声，与 diffusers 的 DDIMScheduler 和 DDPMScheduler 一致。使用 --guidance 或 --classifier 时，估计经常被裁剪，保留的噪声可能损坏样本，此时可以试试 --no-clip。--torch-seed 也与它们一致：先一次抽取全部样本的初始噪声，再抽取每一步的噪声。",
      "",
      "若流模型的偏移随图像大小变化，去噪器输出的 2 x 2 个像素算作一个 token，与 diffusers 的管线一致。",
      "",
      "给出 --remote 时，服务器的回答保存在 --out 旁的文件中，运行完成后删除。GEN_REMOTE_TOKEN 作为令牌发送给服务器。",
      "",
      "URL 处的模型只下载一次，保存在用户的缓存中，每次使用都会校验。",
    ],
  },
  generate: {
    description: "按提示词生成图片",
    argument: "图片的内容；给出多个提示词时，每个都生成图片",
    notes: [
      "samplers",
      "",
      "--out 以 .png 结尾时得到一张图片，多张则拼成一张；以 .npy 结尾时得到 [-1, 1] 内的数值。其他路径是一个文件夹，其中两者都有，并为每张图片各存一个文件。PNG 中存有生成时的设置，--like 据此重新生成。--like 也接受 Stable Diffusion web UI 的图片：它的采样器和噪声表换成这里对应的名称，没有对应时给出提示。",
      "",
      "--image 的图像可以是 PNG，也可以是 npy 文件：[height, width, 3] 的字节，或 [3, height, width] 的浮点数，范围是 [-1, 1]，用于 --control 时是 [0, 1]。掩码可以是 PNG，也可以是 [height, width] 的字节，或 [0, 1] 内的浮点数。生成的图片与该图像一样大，或与 --control 的图片一样大。图片中存有这些文件、LoRA 和学到的词的路径与 SHA-256，供 --like 使用。",
      "",
      "只给 --torch-seed 而不改其他设置时，得到的图片就是 diffusers 的管线在 torch.manual_seed(n) 之后的图片。",
    ],
  },
  serve: {
    description: "通过 HTTP 提供一个模型，接口与 OpenAI 的客户端兼容",
    notes: [
      "需要先安装：npm install fastify @fastify/cors @fastify/swagger prom-client",
      "",
      "POST /v1/images/generations   按提示词生成图片，请求的写法与 OpenAI 的客户端相同",
      "POST /v1/samples              没有提示词的模型的样本",
      "GET /v1/models /openapi.json /health /ready /metrics",
      "",
      "可以合并的请求在同一次运行中完成，每个请求得到的数值与单独运行时相同。按 Ctrl-C 时，拒绝排队的请求，等正在进行的运行结束；再按一次立即结束。",
      "",
      "使用 --queue 时，每次运行是一个排在其他任务之前的任务，有多少个工作进程就同时进行多少次运行。还需要安装 bullmq 和 ioredis。样本与服务器自己计算时相同。",
    ],
  },
  jobs: { description: "把任务拆分给多个工作进程，结果与单个进程逐位相同" },
  "jobs submit": {
    description: "向队列提交一个任务：样本、图片、评估或潜变量",
    argument:
      "`sample`、`generate`、`evaluate`、`encode` 或 `decode` 及其选项，写法与在本机运行时相同",
    notes: [
      neededForJobs,
      "",
      "先以很短的第一份测出时间，其余每份耗时 --part-seconds。每一份由单个进程运行时的若干整批组成，因此无论由谁计算，每个样本都逐位相同。",
      "",
      "任务的选项写在命令之前，命令自己的选项写在命令名之后。",
    ],
  },
  "jobs work": {
    description: "计算队列中各任务的份，直到按 Ctrl-C",
    notes: [
      neededForJobs,
      "",
      "有多少处理器或 GPU 就启动多少个，可以分布在任意多台机器上，只要都能访问 Redis 与存储。工作进程可以随时被杀死，它的那一份由别的进程接手。按 Ctrl-C 时，立即交还正在计算的一份。",
      "",
      "失败三次的份连同原因搁置一旁，其余的继续。存储出错时，在 --patience 之内反复重试；之后工作进程报错退出，并交还它的那一份。",
    ],
  },
  "jobs status": {
    description: "显示队列中各任务的进度",
    argument: "任务的编号；给出时还显示由谁计算了什么，以及搁置了什么",
    notes: [neededForJobs, "", "任务有搁置的份时，退出码为 1。用 gen jobs retry 重试这些份。"],
  },
  "jobs collect": {
    description: "把任务的结果写成单个进程所写的样子",
    argument: "任务的编号",
    notes: [
      "只读取存储，不需要队列。对于评估，用各工作进程算出的特征计算距离，写出图片，并打印 `gen evaluate` 的表格。",
    ],
  },
  "jobs retry": {
    description: "重试一个任务中搁置的份",
    argument: "任务的编号",
    notes: [
      neededForJobs,
      "",
      "请先排除原因，原因可用 gen jobs status 查看。随后每一份再试三次，由正在运行或以后启动的工作进程完成。拒绝过该任务的工作进程也会重新检查它。",
      "",
      "没有搁置的份时，退出码也是 0。",
    ],
  },
  "jobs cancel": {
    description: "把一个任务从队列中取出；它在存储中的文件保留",
    argument: "任务的编号",
    notes: [neededForJobs],
  },
  evaluate: {
    description: "以留出的数据衡量一个模型，或任意模型的样本，并显示最近的训练数据",
    notes: [
      "图中是与训练图像最接近的样本，旁边是离它们最近的三张训练图像：若模型记住了数据，在这里就能看出来。点则画在留出的点旁边。",
      "",
      "“training data”一列是同样多的训练数据得到的结果，即理想的模型所能达到的数值。点越多，Frechet 距离越小，因此只有 --count 与数据都相同的数值才能相互比较。使用 InceptionV3 导出模型的特征时，它就是 FID。",
      "",
      "对于按类别生成的模型，各类别的样本数相同。VAE 的似然由它自己的解码器给出，解码器不同，数值不能比较。",
    ],
  },
  compare: {
    description: "用多种采样器和步数对同一个模型采样，给出图片和表格",
    notes: [
      "samplers",
      "",
      "calls 是每个样本调用网络的次数，time 不含编译时间。与参考结果的距离是全部数值之差的均方根，说明步数较少时采样器离路径的终点有多远。加入噪声的采样器终点不同，这不是缺陷。",
      "",
      "Frechet 距离以留出的数据为准：样本数至少要有 1000，数值才能与其他结果比较。若未给出 --data，文件夹中也没有训练记录，则不计算该距离。",
    ],
  },
  encode: {
    description: "把图片编码成 VAE 的潜变量",
    notes: [
      "--out 以 .npy 结尾时得到潜变量 [count, ...]。以 .npz 结尾时有数组 z、后验的 log_variance，数据有类别时还有 labels。管线中 VAE 的潜变量已经缩放，与去噪器所见的相同。",
    ],
  },
  decode: {
    description: "把 VAE 的潜变量解码成图片",
    notes: [
      "--out 以 .png 结尾时得到一张包含全部图片的图，以 .npy 结尾时得到数值（图像的数值在 [-1, 1] 内）。其他路径是一个文件夹，其中两者都有，并为每幅图像各存一个文件。",
    ],
  },
  reconstruct: {
    description: "编码再解码图片，并以像素和 nat 报告误差",
    notes: [
      "图中原图在上，重建在下。以 nat 计的误差需要 `gen train vae` 得到的文件夹：管线中的 VAE 没有似然。",
    ],
  },
  interpolate: {
    description: "从一个潜变量走到另一个，或沿着某个类别的方向走",
    notes: [
      "列出多个端点时，每相邻两个之间各有一行。对扩散模型，--seeds 在噪声中行走，--seed 决定之后各步的噪声，因此宜用 ddim 这样的确定性采样器。--items 与 --attribute 在 VAE 的潜变量中行走。",
    ],
  },
  invert: {
    description: "把图片变成噪声，DDIM 由这些噪声还能得到原来的图片",
    notes: [
      "图中第一行是原图，其下是噪声，最后一行是还原的图片。--out 以 .npy 结尾时得到噪声 [count, ...]。其他路径是一个文件夹，其中两者都有。",
      "",
      "噪声属于确定性的 DDIM：用 gen sample --init、采样器 ddim、相同的步数和 --no-clip 就能还原图片。每一步都以终点处的噪声估计代替整步，因此误差与步数成反比。",
    ],
  },
  export: {
    description: "以 float32、float16 或 int8 的 ONNX 写出模型，或按名称写出权重",
    argument: "`gen train` 得到的文件夹、管线文件夹或其 http(s) URL，或一个 ONNX 文件",
    notes: [
      "文件夹得到各部分相同的文件夹，`gen sample` 可以使用；文件得到文件。误差是输出与原模型输出之差，两者都在 ONNX Runtime 上计算：最大的差，以及均方根占输出均方根的比例。权重为 int8 时，运算仍是 float32。",
      "",
      "线性层与卷积的权重布局与 PyTorch 相同，名称一致之后 state_dict 可以直接载入。--weights 用于 `gen train` 得到的文件夹时，写出的也是这样的文件夹，可以继续训练。",
    ],
  },
  cache: {
    description: "列出、校验或删除下载的模型文件",
    argument: "只处理这些文件：URL 或其开头，SHA-256 或其前 8 位",
    notes: [
      "URL 处的模型只下载一次。文件在用户缓存文件夹的 gen/models 中，该位置可用 XDG_CACHE_HOME 更改，每个文件以其 SHA-256 命名。每行是大小、上次使用的日期、SHA-256 和 URL。中断的下载只是文件的一部分。",
      "",
      "gen jobs work 从存储中取来的模型在 gen/jobs 中，每个模型一个文件夹。工作进程从不删除它们，请在没有工作进程运行时删除。",
      "",
      "若 --verify 发现损坏的文件，退出码为 1。下次使用时会重新下载。",
    ],
  },
  completion: {
    description: "打印在 shell 中补全命令和选项的脚本",
    argument: "shell 的名称",
    notes: ["脚本中含有全部命令、选项及其取值，补全时不启动任何程序。gen 更新之后请重新打印。"],
  },
  help: {
    description: "打印某个命令的帮助，或一个涉及多个命令的主题",
    argument: `命令（例如 train vae），或主题 ${topicNames.join("、")}`,
  },
  inspect: {
    description: "报告 ONNX 模型或管线文件夹的内容，以及哪些后端能运行它；也可报告图片文件夹的内容",
    argument: "model.onnx 这样的文件、含有 unet/model.onnx 的文件夹，或图片文件夹",
    notes: [
      "该命令不运行模型，也不启动任何设备。对浏览器的 GPU 按最小的限额估算。内存是上界：每个结果在最后一次使用之前都单独占用空间。",
    ],
  },
  backends: { description: "在每个后端上运行一个小网络；某个后端不可用时说明原因" },
  doctor: {
    description: "检查本机能运行什么、缺少什么，并给出修复所用的命令",
    notes: [
      "若有妨碍 gen 工作的问题，退出码为 1：某个包无法载入，只有慢的后端可用，或缓存不可写。可选的包未安装不算问题。",
    ],
  },
};

/** The options: by flag, or by the command's path and flag where commands differ. */
export const optionTexts: Readonly<Record<string, string>> = {
  "--version": "显示版本号",
  "--lang": "帮助的语言（默认：由 LC_ALL、LC_MESSAGES 或 LANG 决定，否则为 en）",
  "--backend": "后端；`gen backends` 逐个测试",
  "--seed": "全部随机数的种子，决定结果",
  "--out": "结果的路径",
  "--force": "替换已有的结果",
  "--json": "把结果以 JSON 打印到 stdout",
  "--save-every": "两次保存之间的训练时间，以秒计；0 表示尽可能频繁",
  "--validate-every":
    "每隔多少步在留出的十分之一（或测试集）上测量一次；目前最好的模型保存在文件夹的 best/ 中（默认：不测量）",
  "--early-stop": "连续多少次测量没有改善就结束训练（默认：不提前结束）",
  "--time-limit": "运行这么久之后结束，如 30s、10m 或 2h；已完成的部分会保存，同一条命令接着训练",
  "--samples-every":
    "每隔多少步画一张含 16 个样本（点为 1,000 个）的图片，存入文件夹的 samples/（默认：不画）",
  "--log":
    "供其他程序读取的日志：jsonl 写 metrics.jsonl，tensorboard 在 logs/ 中写事件文件；两者之间用逗号（默认：无）",
  "--effort": "训练步数相对于默认值的倍数",
  "backends --backend": "只测试这个后端；若不可用，退出码为 2",
  "backends --seed": "网络中数值的种子",
  "backends --out": "把结果也写入这个文件",
  "inspect --backend": "只报告这个后端；若它不能运行该模型，退出码为 2",
  "--batch": "一批的样本数（默认：128；点为 256）",
  "inspect --batch": "估算内存时的批大小",
  "--dim": "另一个动态维度的大小；可重复给出（默认：unet/config.json 的 sample_size，否则为 64）",
  "--data":
    "fashion-mnist、digits、two-moons、swiss-roll、checkerboard、rings、pinwheel、gaussian-mixture，或一个路径：存放 PNG、JPEG 或 WebP 的文件夹，其子文件夹为类别，或 idx、npy、npz、csv 文件",
  "--range": "浮点数文件中黑与白的值（默认：若全部数值都在范围内，则为 0,1 或 -1,1）",
  "--size": "文件夹中图片的宽和高，图片会缩放到这个尺寸（默认：全部图片共有的尺寸）",
  "--fit": "比例不同的图片如何适应 --size：裁去边缘、补黑，或拉伸（默认：crop）",
  "--channels": "文件夹中图片的通道数：1 为灰度，3 为彩色（默认：任一图片有颜色则为 3）",
  "--labels":
    "idx 或 npy 文件中各条目的类别：一个 idx 或 npy 文件（默认：按 MNIST 命名的文件旁边的标签）",
  "--augment":
    "训练时对每张图片的随机变换：flip、shift:PIXELS（像素数）、rotate:DEGREES（度数）、dequantize；用逗号列出多个",
  "--classes": "把每个条目的类别告诉网络，之后 gen sample 可以使用 --class 和 --guidance",
  "--class-dropout": "训练时隐藏类别的比例，--guidance 需要它（默认：0.1）",
  "--steps": "训练步数",
  "--accumulate": "一批分成的份数；一次处理的样本越少，占用的内存越少",
  "--learning-rate":
    "优化器学习率的峰值（默认：0.001，点为 0.002；lion 为其十分之一，sgd 为其十倍）",
  "--optimizer": "更新权重的规则",
  "--weight-decay": "权重向 0 收缩的强度（默认：0；adamw 为 0.01）",
  "--momentum": "sgd 保留上一步方向的比例（默认：0.9）",
  "--rate-decay":
    "学习率如何下降：cosine 或 linear 在最后一步降到二十分之一，constant 保持不变，step:STEPS:FACTOR 每隔 STEPS 步乘以 FACTOR",
  "--warm-up":
    "学习率升到峰值所用的最初步数（默认：总步数的十分之一，最多 200；constant 和 step 为 0）",
  "--ema": "保存的权重平均值在每一步保留的比例；0 表示保存最后的权重",
  "train vae --network": "全连接层、卷积，或带残差块的卷积",
  "train vae --width": "隐藏层或第一个卷积的特征数（默认：400；conv 与 residual 为 32）",
  "--latent": "潜变量的个数",
  "--likelihood":
    "解码器对像素的描述：bernoulli、continuous-bernoulli、gaussian（学习一个标准差）、gaussian:SIGMA、gaussian-predicted、logistic:LEVELS 或 categorical:LEVELS（默认：bernoulli；256 级）",
  "--objective": "最小化的目标，见下文（默认：elbo）",
  "--beta": "KL 项的权重（默认：1；beta-tc 为 6）",
  "--anneal":
    "权重从 0 升起：linear、linear:STEPS、cyclic 或 cyclic:CYCLES（默认：不升；总步数的四分之一，4 个周期）",
  "--free-bits": "每个潜变量不计代价的 nat 数（默认：0）",
  "--draws": "每个条目抽取 z 的次数（默认：1；iwae 与 dreg 为 5）",
  "--lambda": "差异项的权重（默认：info 为 1，wae 为 10）",
  "--pseudo-inputs": "vamp 先验的输入个数（默认：50）",
  "--gamma": "factor 中总相关的权重（默认：10）",
  "--codes": "vq 的码的个数（默认：512）",
  "--codebook-decay": "vq 的码的滑动平均在每一步保留的比例（默认：0.99）",
  "--commitment": "vq 使编码器靠近其码的强度（默认：0.25）",
  "--levels": "fsq 每个特征的级数，用逗号分隔；它们的乘积是码的个数（默认：8,5,5,5）",
  "train vae --classes": "训练条件 VAE，gen sample 用 --class 从中采样",
  "--vae": "潜空间扩散：`gen train vae` 用相同数据得到的文件夹",
  "--from":
    "微调：`gen train ddpm` 得到的文件夹，或由 ONNX 文件组成的管线，在其权重上继续训练；网络与噪声表不变",
  "train ddpm --lora":
    "与 --from 一起使用：权重不变，训练这个秩的增量；增量还会单独存为 lora.safetensors",
  "train classifier --width": "第一个卷积的通道数，或隐藏层的特征数（默认：32；点为 128）",
  "--noisy": "在带噪的样本上训练，供 gen sample --classifier 使用；噪声应与要引导的模型相同",
  "train classifier --schedule": "--noisy 的噪声表",
  "train classifier --timesteps": "--noisy 的噪声级数",
  "--classifier":
    "用 `gen train classifier --noisy` 得到的文件夹把样本引向 --class；--guidance 是强度（默认：1）",
  "train ddpm --network": "点和潜变量用全连接层，图像用 UNet（默认：由数据决定）",
  "train ddpm --width": "隐藏层或 UNet 第一级的特征数（默认：256；unet 为 32）",
  "--schedule": "噪声表",
  "--timesteps": "训练时的噪声级数",
  "train ddpm --predicts":
    "网络的预测目标：噪声、干净数据、v、直线流的速度（流匹配），或 EDM 预处理后的估计",
  "evaluate --model": "`gen train vae` 得到的 VAE 文件夹，或管线文件夹，或管线的 http(s) URL",
  "--samples": "代替模型的样本：`gen sample` 写出的 npy 文件，或 --data 能读取的任何数据",
  "evaluate --data": "数据（默认：文件夹记录的训练数据）",
  "compare --data": "数据（默认：文件夹记录的训练数据）",
  "evaluate --count": "样本数，也是与之比较的训练数据和留出数据各自的最多个数",
  "--features":
    "衡量 Frechet 距离、KID、精确率与召回率所用的特征：分类器 digits 或 fashion-mnist 的特征，`gen train classifier` 得到的文件夹的特征，像素 pixels，或一个图像 ONNX 模型的特征（默认：数据对应的分类器，否则为像素）",
  "compare --features":
    "衡量 Frechet 距离所用的特征：分类器 digits 或 fashion-mnist 的特征，`gen train classifier` 得到的文件夹的特征，像素 pixels，或一个图像 ONNX 模型的特征（默认：数据对应的分类器，否则为像素）",
  "--feature-range": "--features 的模型所用的黑与白的值（默认：-1,1）",
  "evaluate --steps": "采样步数（默认：20；lcm 为 4，ddpm 为全部训练步）",
  "evaluate --eta":
    "ddim、euler-ancestral、tcd 每步加入的新噪声，从 0 到 1（默认：ddim 为 0，euler-ancestral 为 1，tcd 为 0.3）",
  "evaluate --guidance": "按类别引导的强度；1 或更小表示不用引导（默认：不用）",
  "evaluate --draws": "计算 VAE 的对数似然时，每个条目抽取 z 的次数",
  "--bound": "另外计算扩散模型下 n 个留出条目的似然界，需要运行全部训练步",
  "compare --model": "管线文件夹或其 http(s) URL",
  "--samplers": "采样器，用逗号分隔（默认：ddim,dpm-solver++,unipc；EDM 为 euler,dpm-solver++）",
  "compare --steps": "步数，用逗号分隔",
  "compare --count": "每次采样的样本数，使用相同的噪声",
  "--shown": "图片中每次采样显示的样本数",
  "--reference": "作为参考的 ddim（EDM 为 euler）的步数，其他结果与它比较；0 表示不做参考",
  "compare --guidance": "按类别引导的强度；1 或更小表示不用引导（默认：不用）",
  "encode --data":
    "fashion-mnist、digits、two-moons、swiss-roll、checkerboard、rings、pinwheel、gaussian-mixture，或一个路径：存放 PNG、JPEG 或 WebP 的文件夹，其子文件夹为类别，或 idx、npy、npz、csv 文件（默认：VAE 训练时所用的数据）",
  "reconstruct --data":
    "fashion-mnist、digits、two-moons、swiss-roll、checkerboard、rings、pinwheel、gaussian-mixture，或一个路径：存放 PNG、JPEG 或 WebP 的文件夹，其子文件夹为类别，或 idx、npy、npz、csv 文件（默认：VAE 训练时所用的数据）",
  "interpolate --data":
    "fashion-mnist、digits、two-moons、swiss-roll、checkerboard、rings、pinwheel、gaussian-mixture，或一个路径：存放 PNG、JPEG 或 WebP 的文件夹，其子文件夹为类别，或 idx、npy、npz、csv 文件（默认：VAE 训练时所用的数据）",
  "encode --model":
    "`gen train vae` 得到的文件夹，或管线文件夹及其 http(s) URL，含 vae_encoder/model.onnx 和 vae_decoder/model.onnx",
  "decode --model":
    "`gen train vae` 得到的文件夹，或管线文件夹及其 http(s) URL，含 vae_encoder/model.onnx 和 vae_decoder/model.onnx",
  "reconstruct --model":
    "`gen train vae` 得到的文件夹，或管线文件夹及其 http(s) URL，含 vae_encoder/model.onnx 和 vae_decoder/model.onnx",
  "interpolate --model":
    "`gen train vae` 得到的文件夹，或管线文件夹及其 http(s) URL，含 vae_encoder/model.onnx 和 vae_decoder/model.onnx",
  "decode --class":
    "图片的类别，用于按类别生成的模型：编号或名称；可重复给出，也可以用逗号列出多个编号",
  "interpolate --class":
    "图片的类别，用于按类别生成的模型：编号或名称；可重复给出，也可以用逗号列出多个编号",
  "--split": "按文件中的顺序取全部条目，或只取训练用的、留出的条目",
  "--draw": "取每个后验的均值，或从中抽取一个样本",
  "--latents": "npy 文件中的潜变量 [count, ...]，或 npz 文件中的数组 z",
  "reconstruct --count": "图中的条目数；误差按全部条目计算",
  "--seeds": "随机潜变量或噪声的种子，例如 1,2",
  "--items": "数据中的条目，编号从 0 开始，例如 3,17",
  "--attribute": "从每个条目或种子走向某个类别：其潜变量的均值减去其余条目的均值",
  "interpolate --strength": "与 --attribute 一起使用时走多远（默认：1）",
  "--frames": "一行中的图片数，包括两端",
  "--path": "沿直线，或沿保持噪声长度的大圆（默认：VAE 为 linear，噪声为 spherical）",
  "interpolate --steps": "扩散模型的采样步数（默认：20）",
  "interpolate --guidance": "引导的强度；1 或更小表示不用引导（默认：DiT 为 4，其他不用）",
  "--prior":
    "VAE 的潜变量从何而来：own 为它自己的先验；mixture 为对 --data 的潜变量拟合的高斯混合；或 `gen train ddpm --vae` 得到的文件夹，即其潜变量的扩散模型（默认：own）",
  "--config": "从文件读取选项，格式与 --print-config 打印的相同；命令行中的选项优先",
  "--print-config": "把全部选项打印成 JSON，此外什么也不做",
  "invert --model": "管线文件夹或其 http(s) URL",
  "invert --data":
    "fashion-mnist、digits、two-moons、swiss-roll、checkerboard、rings、pinwheel、gaussian-mixture，或一个路径：存放 PNG、JPEG 或 WebP 的文件夹，其子文件夹为类别，或 idx、npy、npz、csv 文件，也可以是一张图片（默认：模型训练时所用的数据）",
  "invert --count": "从第一个起的条目数，用于没有 --items 时（默认：8）",
  "invert --class": "图片的类别，用于按类别生成的模型：编号或名称（默认：数据中的类别）",
  "invert --steps": "每个方向的步数",
  "--to": "格式",
  "--dtype": "权重的写法；int8 只用于 ONNX，每个输出特征有一个缩放因子",
  "--names": "打印各权重的名称，不写任何文件",
  "--names-map": "一个 JSON 对象，从这里的名称到那里的名称；以点结尾的名称替换所有以它开头的名称",
  "--weights": "用这些权重（例如 PyTorch 的）代替模型自己的权重",
  "--inputs": "测量误差所用的随机输入的个数",
  "export --out": "结果的路径（默认：exported、exported.onnx 或 weights.safetensors）",
  "cache --path": "只打印文件夹的路径",
  "--verify": "读取每个文件并核对 SHA-256",
  "--clear": "删除文件",
  "cache --force": "允许 --clear 删除全部文件",
  "--components": "--prior mixture 的高斯个数（默认：10）",
  "sample --data": "--prior mixture 所用的数据（默认：VAE 训练时所用的数据）",
  "--grid": "改为在先验的分位点上生成 n x n 张图片，用于有 2 个潜变量的 VAE",
  "sample --model":
    "管线文件夹或其 http(s) URL，含 unet/model.onnx、scheduler/scheduler_config.json，潜空间模型还含 vae_decoder/model.onnx；或 `gen train vae` 得到的文件夹",
  "--sampler": "采样器（默认：调度器的类本身）",
  "sample --steps": "采样步数（默认：20；lcm 为 4，ddpm 为全部训练步）",
  "sample --eta":
    "ddim、euler-ancestral、tcd 每步加入的新噪声，从 0 到 1（默认：ddim 为 0，euler-ancestral 为 1，tcd 为 0.3）",
  "sample --count":
    "样本数，给出 --class 时为每个类别的样本数（默认：16，或与 --init、--condition 中的个数相同）",
  "--class":
    "样本的类别，用于按类别生成的模型：编号或名称；可重复给出，也可以用逗号列出多个编号，每个类别都生成样本",
  "--condition": "去噪器除 x 与 t 之外的输入，[count, ...]，或 [1, ...] 供全部样本使用；可重复给出",
  "sample --guidance": "引导的强度；1 或更小表示不用引导（默认：DiT 为 4，其他不用）",
  "--unconditional": "--guidance 所用的表示“无条件”的输入，[1, ...]（默认：DiT 用自带的标签）",
  "sample --size":
    "去噪器输出的宽和高，用于尺寸不固定的模型（默认：unet/config.json 或 --init 的尺寸）",
  "--init": "初始噪声 [count, ...]，浮点数，代替由种子产生的噪声",
  "sample --torch-seed":
    "全部噪声都按 PyTorch 在 CPU 上执行 torch.manual_seed(n) 之后的方式抽取，代替 --seed",
  "--compat":
    "完全照搬调度器的类，包括其错误（默认：类有错误时用正确的公式；给出 --torch-seed 时照搬）",
  "sample --predicts": "去噪器预测的量，代替调度器的设置",
  "sample --spacing": "各步的间隔方式，代替调度器的设置；optimal 先考察模型",
  "--schedule-shift": "流模型噪声表的偏移，代替调度器的设置",
  "--zero-snr": "缩放 betas，使最后一级不含信号",
  "--remote":
    "运行去噪器的服务器，遵循 Open Inference Protocol（Triton、OpenVINO、MLServer）；步在本机计算，--model 只需其中的调度器",
  "--remote-model": "去噪器在该服务器上的名称（默认：unet）",
  "--resume": "继续一次提前结束的 --remote 运行",
  "--no-clip": "不裁剪干净样本的估计，即使调度器要求裁剪",
  "serve --model":
    "`gen sample` 所用的管线文件夹，或 `gen generate` 所用的按提示词生成的文件夹，或其 http(s) URL",
  "--name": "客户端看到的模型名称（默认：文件夹的名称）",
  "--host": "监听的地址",
  "--port": "端口；0 表示任取一个空闲端口",
  "--token-file":
    "存有令牌的文件，客户端必须发送该令牌（默认：不需要令牌；也可用 GEN_SERVER_TOKEN 给出令牌本身）",
  "--anyone": "在他人可以访问的地址上提供服务，且不要求令牌",
  "--origin": "允许发出请求的网页来源；可重复给出",
  "--max-count": "一个请求中的样本数",
  "--max-steps": "采样器的步数",
  "--max-size": "图片边长的像素数",
  "--max-queue": "排队的请求数；超出时答复 429",
  "serve --batch": "多个请求合并运行时的样本数",
  "--exact":
    "每批的样本数，使结果不论与谁合并运行都逐位相同（默认：等待多少就用多少，相差约 1e-6）",
  "serve --backend": "后端，使用 --queue 时为工作进程的后端；`gen backends` 逐个测试",
  "serve --queue":
    "本机不计算：把工作交给 `gen jobs work` 在该队列的工作进程；可以是队列的名称，或 Redis 的地址，表示那里的队列 gen",
  "--timeout": "一次运行等待工作进程的秒数（默认：600）",
  "serve --json": "把地址以 JSON 打印到标准输出",
  "--redis": "Redis 的地址（默认：GEN_REDIS，否则为 redis://127.0.0.1:6379）",
  "--queue": "队列在 Redis 中的名称",
  "--store": "存放模型与结果的地方：所有工作进程都能访问的文件夹，或 s3://bucket/prefix",
  "--backends": "可以共同计算该任务的后端，以逗号分隔（默认：命令的 --backend）",
  "--priority": "数值较大的任务先运行",
  "--most": "同时计算的份数上限（默认：与工作进程一样多）",
  "--part-seconds": "每一份应花的秒数",
  "--no-upload": "不把模型的文件放入存储：工作进程用 --model 给出",
  "jobs work --model": "模型的文件夹；校验和与任务一致时，代替存储中的模型",
  "--cache": "保存取来的模型的文件夹（默认：用户缓存中的 gen/jobs）",
  "jobs work --name": "工作进程在记录中的名称（默认：主机名与进程号）",
  "--drain": "没有可计算的任务时结束",
  "--lease": "工作进程失联多少秒之后，由别的进程接手它的那一份",
  "--patience": "容许存储出错的秒数",
  "--follow": "显示进度，直到任务结束",
  "jobs collect --out":
    "一张图片（.png）、数值（.npy），或同时包含两者与各单张图片的文件夹（默认：samples.npy、evaluation.png、latents.npy 或 decoded.png）",
  "generate --model":
    "optimum 导出的 ONNX 文件夹，或其 http(s) URL：Stable Diffusion 1、2、XL、3，潜空间一致性模型，或 Flux",
  "--negative": "图片中不要出现的内容",
  "generate --guidance":
    "引导的强度；1 或更小表示不用引导，时间减半（默认：7.5；XL 为 5，SD3 为 7，Flux 为 3.5，LCM 为 8.5）",
  "--guidance-rescale": "引导后的预测在多大程度上恢复为原来的离散程度，从 0 到 1",
  "--sigmas": "噪声级的分布方式，代替采样器自己的",
  "generate --spacing": "时间步的间隔方式，代替调度器的设置",
  "generate --steps": "采样步数（默认：50；SD3 与 Flux 为 28，LCM 为 4）",
  "generate --eta":
    "ddim、euler-ancestral、tcd 每步加入的新噪声，从 0 到 1（默认：ddim 为 0，euler-ancestral 为 1，tcd 为 0）",
  "generate --count": "每个提示词的图片数（默认：1）",
  "generate --size": "图片的宽和高，以像素计（默认：由模型决定）",
  "generate --torch-seed":
    "全部噪声都按 PyTorch 执行 torch.manual_seed(n) 之后的方式抽取，代替 --seed",
  "--torch-device": "PyTorch 抽取噪声的设备（默认：cpu）",
  "--clip-skip": "CLIP 末尾略去的层数",
  "--weighted": "把提示词中的 (word:1.3) 读作权重",
  "--image": "作为起点的 PNG 或 npy 文件；生成的图片与它一样大",
  "--strength":
    "图像改变的程度，从 0 到 1（默认：0.8；XL 为 0.3，SD3 与 Flux 为 0.6；给出 --mask 时多数模型为 1）",
  "--mask": "与图像一样大的 PNG 或 npy 文件；白色部分重新绘制",
  "--image-guidance": "用于编辑图像的模型：与原图像接近的程度（默认：1.5）",
  "--lora": "safetensors 格式的 LoRA，合并到模型中；可重复给出（默认强度：1）",
  "--embedding":
    "safetensors 格式的文本反演，提示词中可以使用它的词；可重复给出（默认的词：文件自带的词，否则为文件名）",
  "--control":
    "ONNX 格式的 ControlNet 与它读取的 PNG 或 npy 文件，它的强度，以及起作用的步数区间，按比例；可重复给出（默认强度：1；全部步数）",
  "--decoder": "用其中的 vae_decoder/ 生成图片的文件夹，例如微型解码器，或其 URL",
  "--tile": "VAE 分块处理时一块的边长，以像素计，可节省内存（默认：不分块）",
  "--safety-checker": "由模型的安全检查器把不安全的图片变为黑色",
  "--previews": "在这个文件夹中为每一步写一张小图，一个潜变量对应一个像素",
  "--like": "沿用一张图片的设置；命令行中的选项优先",
};

/** The samplers, in the order of the English help. */
export const samplerTexts: Readonly<Record<string, string>> = {
  ddim: "Song 等 2021；--eta 加入噪声",
  ddpm: "Ho 等 2020；默认走完全部训练步",
  euler: "以 sigma 为变量，沿流走一阶的步",
  "euler-ancestral": "先用 euler 走到更低的噪声级，再加入 --eta 份新噪声",
  heun: "二阶；除末步外，每步计算两次",
  lms: "以 sigma 为变量的线性多步法，4 阶",
  dpm2: "以 sigma 为变量的 DPM-Solver-2；除末步外，每步计算两次",
  "dpm2-ancestral": "先用 dpm2 走到更低的噪声级，再加入新噪声",
  "dpm-sde": "分两级的 dpm-solver++，加入新噪声",
  "dpm-solver++": "多步法；阶数由调度器决定，否则为 2",
  "dpm-solver++-single": "成组走步的 dpm-solver++",
  "dpm-solver++-sde": "加入新噪声的 dpm-solver++",
  unipc: "预测-校正法；阶数由调度器决定，否则为 2",
  deis: "利用最近几次预测的指数积分法",
  "sa-solver": "随机的 Adams 预测-校正法",
  pndm: "沿最近 4 次预测走 DDIM 的步，以 Runge-Kutta 法起步",
  ipndm: "同上，但以较低的阶数起步",
  "flow-euler": "用于 FlowMatchEulerDiscreteScheduler，按它的步进行",
  lcm: "用于潜空间一致性模型；默认 4 步",
  tcd: "用于轨迹一致性模型；4 步；--eta 即其 gamma",
};
