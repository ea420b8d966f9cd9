import {benchUnet,weightsOf,probe,outputOn,requireSame,size} from "./bench-unet.mjs";
import {onnxBackend} from "@gen/runtime-gpu/onnx";
const clock=()=>{const u=process.cpuUsage();return (u.user+u.system)/1e3};
const b=await onnxBackend({device:"cpu",threads:1}); const net=benchUnet();
const {x,t,target}=probe(16);
const ours=await outputOn(b,net,16);
console.log(ours.slice(0,4), Math.max(...ours));
const w=weightsOf(net);
const bench=async(name,f,n=4)=>{await f(1);const s=clock();await f(n);console.log(name,((clock()-s)/n).toFixed(0),'cpu ms')};
if(process.argv[2]!=='jax'){
const {tfjsUnet}=await import("./peers/tfjs-unet.mjs");
const p=await tfjsUnet(w,size);
const out=p.output(x,t); console.log(out.slice(0,4));
requireSame("tfjs",out,ours);
await bench('tfjs sample',p.sampler(16));
await bench('tfjs train 16',p.trainer(new Float32Array(64*784).map((_,i)=>Math.sin(i)),16),2);
} else {
const {jaxUnet}=await import("./peers/jax-unet.mjs");
const p=jaxUnet(w,size);
const s=clock();
const out=await p.output(x,t); console.log(out.slice(0,4),clock()-s);
requireSame("jax",out,ours);
await bench('jax sample',p.sampler(16));
}
process.exit()
