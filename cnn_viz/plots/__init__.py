"""Plots with axes: learning curves, lines, surfaces, evaluation, distributions, bars, tables of errors, memory."""
