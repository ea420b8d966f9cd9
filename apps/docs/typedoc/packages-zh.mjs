// @ts-check
/**
 * What each entry point is, in Chinese, for the page of all packages. One that is missing stands there
 * in English.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const chinesePackages = {
  "@gen/math": "生成模型所需的噪声水平、后验、分布、随机数流与度量。",
  "@gen/math/json": "读取 JSON 文本或其 UTF-8 字节。",
  "@gen/math/arguments": "按名称检查参数的值。",
  "@gen/math/metrics": "点集或特征之间的距离：Fréchet 距离、KID、MMD、精确率与召回率、最近邻。",
  "@gen/data": "数据集、图像与数组文件、二维玩具数据，以及由种子决定的批次。",
  "@gen/data/toys": "单独的二维玩具数据，不含文件与图片。",
  "@gen/graph": "可以追踪、求导、以 float64 求值并写成 ONNX 的表达式。",
  "@gen/graph/compiler":
    "供后端、训练和自定义变换使用的工具。一次变换是从图到图的函数，用 `rewrite` 写成；`node.op` 说明表达式有哪些属性。",
  "@gen/graph/evaluate": "为多次求值准备一个图；参数保持当前的值，各次求值复用中间数组。",
  "@gen/graph/loops": "图末端的逐元素部分（如优化器的更新），写成 WebAssembly 模块或 WGSL。",
  "@gen/graph/onnx": "图与 ONNX 文件：`toOnnx` 写出图，`fromOnnx` 把模型读成 `Expr` 的函数。",
  "@gen/model-files": "模型文件：只下载一次，按 SHA-256 保存。",
  "@gen/schedules": "噪声表、时间步的间隔与 scheduler_config.json。",
  "@gen/runtime-gpu": "TensorFlow.js、ONNX Runtime 与 CPU 共用的后端接口。",
  "@gen/runtime-gpu/onnx":
    "在 ONNX Runtime 上把图作为 ONNX 模型运行的后端。名称说明所用的构建：`onnx/node-cpu`、`onnx/node-webgpu`、`onnx/wasm` 或 `onnx/webgpu`。",
  "@gen/runtime-gpu/tfjs": "用 TensorFlow.js 逐节点解释图的后端，数值为 float32 与 int32。",
  "@gen/runtime-gpu/cpu":
    "纯 TypeScript 的后端，不论浮点类型一律用 float64 计算。它慢而精确，是测试其他后端的标准。",
  "@gen/runtime-gpu/open":
    "`openBackend` 在当前环境中接受的名称，按 `bestBackend` 尝试的次序排列。",
  "@gen/runtime-gpu/call-program": "用数值运行程序：上传输入，读回全部输出，再释放两者。",
  "@gen/runtime-gpu/event-loop":
    "在长循环中 await 的函数。距上次让出满 `milliseconds` 毫秒时，它把控制权交还事件循环；默认的 50 是浏览器对长任务的界限。",
  "@gen/nn": "层、网络、优化器与训练循环，都是表达式的函数。",
  "@gen/sampling": "去噪器、步表，以及唯一的采样循环。",
  "@gen/sampling/kserve":
    "遵循 Open Inference Protocol 的服务器上的模型：Triton、OpenVINO Model Server、MLServer。",
  "@gen/ddim": "去噪扩散隐式模型（DDIM）：任意 eta 的采样步与反演。",
  "@gen/ddpm": "去噪扩散概率模型（DDPM）：前向过程、目标函数、训练与采样步。",
  "@gen/vae": "变分自编码器（VAE）：损失、训练、编码与解码。",
  "@gen/pipeline": "diffusers 布局的模型文件夹：加载、采样、保存。",
  "@gen/server": "通过 HTTP 提供模型：请求合批运行，推送进度，附 OpenAPI 文档与指标。",
  "@gen/jobs": "将任务拆分给多个工作进程：以 Redis 为队列，结果写入文件夹或存储桶。",
  "@gen/cli": "`gen` 命令：训练、采样、检查 VAE、DDPM 与 DDIM，并按提示词生成图片。",
};
