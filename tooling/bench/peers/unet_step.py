"""The UNet's DDIM step in PyTorch."""
import serve_torch, unet

serve_torch.answer(unet.sampler(serve_torch.prepare))
