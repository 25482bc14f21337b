"""Saves the booster in MLflow's form: `python mlflow_model.py MODEL.txt FOLDER`; run in MLflow's own environment."""

import sys

import lightgbm
import mlflow.lightgbm

booster = lightgbm.Booster(model_file=sys.argv[1], params={"num_threads": 1})
mlflow.lightgbm.save_model(booster, sys.argv[2], pip_requirements=["lightgbm"])
