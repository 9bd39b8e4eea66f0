"""SIMS: pictures assembled from a memory of real segments.

Qi, Chen, Jia and Koltun, "Semi-parametric Image Synthesis" (2018).
"""
