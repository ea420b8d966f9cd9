import * as tf from "@tensorflow/tfjs";
import {benchUnet,weightsOf,probe,size} from "./bench-unet.mjs";
import {tfjsUnet} from "./peers/tfjs-unet.mjs";
import {onnxBackend} from "@gen/runtime-gpu/onnx";
import {gradients,graphOf,input,mean,sub,square,trace} from "@gen/graph";
import { channelsLast } from "./peers/unet.mjs";
const net=benchUnet(); const n=2;
const {x,t,target}=probe(n);
const b=await onnxBackend({device:"cpu",threads:1});
const g=trace(({x,t,target})=>{const d=sub(net.apply(x,t),target);const loss=mean(square(d));const gs=gradients(loss,net.parameters);return {loss,...Object.fromEntries(net.parameters.map((p,i)=>["g:"+p.name,gs[i]]))}},{x:{shape:[n,1,28,28]},t:{shape:[n],dtype:"int64"},target:{shape:[n,1,28,28]}});
const pr=await b.compile(g);
const out=await pr.run({x:b.upload(x,[n,1,28,28]),t:b.upload(BigInt64Array.from(t,BigInt),[n],"int64"),target:b.upload(target,[n,1,28,28])});
const ours={};for(const p of net.parameters)ours[p.name]={data:Float32Array.from(await b.download(out["g:"+p.name])),shape:p.shape};
const o2=channelsLast(ours);
const p=await tfjsUnet(weightsOf(net),size);
const {value,grads}=p.gradients(tf.tensor4d(x,[n,28,28,1]),tf.tensor1d(t),tf.tensor4d(target,[n,28,28,1]));
console.log(value.dataSync()[0],(await b.download(out.loss))[0]);
let worst=0,wn;for(const k in grads){const a=grads[k].dataSync(),c=o2[k].data;let m=0,d=0;for(let i=0;i<c.length;i++){m=Math.max(m,Math.abs(c[i]));d=Math.max(d,Math.abs(a[i]-c[i]))}if(!(d/m<=worst)){worst=d/m;wn=k}}
console.log(Object.keys(grads).length,worst,wn);process.exit()
