import * as tf from "@tensorflow/tfjs";
import {benchUnet,weightsOf,probe,size} from "./bench-unet.mjs";
import {tfjsUnet} from "./peers/tfjs-unet.mjs";
const p=await tfjsUnet(weightsOf(benchUnet()),size);
tf.env().set('PROD',false);
const {x,t,target}=probe(16);
const X=tf.tensor4d(x,[16,28,28,1]),T=tf.tensor1d(t),Y=tf.tensor4d(target,[16,28,28,1]);
p.output(x,t); 
const show=async(f)=>{const r=await tf.profile(f);const m={};for(const k of r.kernels){const t=await k.kernelTimeMs;(m[k.name]??=[0,0])[0]+=t;m[k.name][1]++}console.log(Object.entries(m).sort((a,b)=>b[1][0]-a[1][0]).slice(0,14).map(([n,[t,c]])=>n+' '+t.toFixed(0)+' x'+c).join('\n'))};
await show(()=>{p.output(x,t);return X});
console.log('--');p.gradients(X,T,Y);
await show(()=>{p.gradients(X,T,Y);return X});
process.exit()
