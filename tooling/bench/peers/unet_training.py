"""The UNet's training step in PyTorch."""
import serve_torch, unet

serve_torch.answer(unet.trainer())
