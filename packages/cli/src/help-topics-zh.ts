/* The texts of `help-topics.ts` in Chinese. A test compares their flags, numbers and files. */
import { SAMPLERS, type Topic, type TopicName } from "./help-topics.ts";

export const chineseTopics: Readonly<Record<TopicName, Topic>> = {
  seeds: {
    title: "一次运行抽取哪些随机数",
    text: `--seed 决定全部随机数。每个样本的每一步都有自己的噪声，因此 --count 4 与 --count 400 的第 3 个样本相同，在各后端上也相同，误差约为 1e-5。

--torch-seed 按 PyTorch 执行 torch.manual_seed 之后的方式抽取，用于与 diffusers 对照，代替 --seed。

--init 从文件中的噪声出发，例如 gen invert 得到的噪声。gen interpolate --seeds 从一个种子的噪声走到另一个种子的噪声。`,
  },
  samplers: {
    title: "如何从扩散模型采样",
    text: `采样器决定从噪声到数据的各步。没有 --sampler 时由文件夹中调度器的类决定。--steps 越少越快，也越不精确：gen compare 比较多种采样器。

${SAMPLERS}

--eta 0 的 ddim，以及 euler、heun、lms、dpm2、dpm-solver++、unipc、deis，在初始噪声之后不再抽取噪声：噪声相同，样本就相同。--eta 1 的 ddim 就是 DDPM 的采样器。`,
  },
  guidance: {
    title: "类别或提示词的作用有多强",
    text: `--guidance w 大于 1 时，网络每步计算两次，一次带条件，一次不带，两者之差乘以 w：样本更符合条件，彼此的差别更小。

gen train ddpm --classes 在训练时按 --class-dropout 的比例隐藏类别，因此模型两种情况都学过。对其他模型，--unconditional 说明什么表示“无条件”。--guidance-rescale 消除较大的强度带来的额外离散。`,
  },
  formats: {
    title: "各命令读写的文件",
    text: `--data 接受存放 PNG、JPEG 或 WebP 的文件夹（子文件夹为类别）、单张这样的图片，以及 idx、npy、npz、csv 文件。JPEG 与 WebP 需要 sharp 包。

写出什么由 --out 决定：.png 是图片，.npy 是 float32 的数值（图像的数值在 [-1, 1] 内），其他路径是一个文件夹，其中两者都有。文件要么完整写出，要么不写；没有 --force 就不替换任何文件。

模型是由 ONNX 和 JSON 组成的文件夹，布局与 diffusers 相同。gen export 以 float32、float16 或 int8 写出模型，也可以按 PyTorch 的名称把权重写成 safetensors。`,
  },
  training: {
    title: "训练保存什么，如何继续",
    text: `训练每隔 --save-every 秒保存一次。按 Ctrl-C、崩溃或磁盘写满之后，同一条命令从上次保存处继续，最终得到相同的权重。--steps 增大时训练接着进行。

--validate-every 在留出的数据上测量，把最好的模型保存在 best/ 中；--early-stop 据此结束训练。--time-limit 限制运行时间。--samples-every 画样本，--log 写 metrics.jsonl 或 TensorBoard 的事件文件。

损失不再是有限数时训练停止，并保留上次的保存：请减小 --learning-rate。内存不足时减小 --batch，或用 --accumulate，结果相同。`,
  },
  folders: {
    title: "模型文件夹里有什么",
    text: `  unet/model.onnx                  去噪器
  scheduler/scheduler_config.json  噪声表
  vae_encoder/, vae_decoder/       潜空间扩散的 VAE，或单独的 VAE
  model_index.json                 各部分，以及类别的名称
  training/                        继续训练所用的状态
  best/                            留出数据上最好的模型

diffusers 与 ONNX Runtime 读取同样的文件夹。gen inspect 说明文件夹的内容以及哪些后端能运行。用 URL 代替文件夹时只下载一次：gen cache 列出这些文件。`,
  },
  backends: {
    title: "由什么来计算",
    text: `--backend onnx 选用 ONNX Runtime 中最好的后端，tfjs 选用 TensorFlow.js 中最好的，cpu 不需要任何包，但很慢。gen backends 逐个测试，gen doctor 说明缺少什么、如何安装。

很大的模型、量化的模型，以及含有只有 ONNX Runtime 才有的运算的模型，只能在它的后端上运行。`,
  },
  config: {
    title: "把一次运行写成文件",
    text: `--print-config 把命令的全部选项连同 gen 的版本打印成 JSON，此外什么也不做。--config 读取这样的文件，在同一个后端上逐位重现那次运行。命令行中的选项优先。文件中不含 --force。

  gen train ddpm --data two-moons --steps 2000 --print-config > moons.json
  gen train ddpm --config moons.json --out moons
  gen train ddpm --config moons.json --seed 1 --out moons-1

文件中的路径以运行命令时所在的文件夹为准。`,
  },
  errors: {
    title: "退出码、进度与 Ctrl-C",
    text: `错误是 stderr 上的一行，写明选项、规则和得到的值。GEN_DEBUG=1 另外打印调用栈。

  0    完成
  1    失败：磁盘写满、下载中断、后端出错
  2    输入有误
  130  按了 Ctrl-C

第一次按 Ctrl-C 会保存已做的工作，再按一次立即退出。进度与提示写到 stderr，结果写到 stdout；--json 使结果成为 JSON。`,
  },
};
