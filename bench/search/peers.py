"""Other packages' samplers behind a line protocol, so that all search the very same functions.

Reads JSON lines: {"start": {"space", "method", "seed", "trials"}}, {"ask": true}, {"tell": value}; answers each.
Each method runs as its package documents it, with its defaults.
"""

import json
import math
import os
import random
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import numpy as np


def exists(parameter, values):
    when = parameter.get("when")
    if not when:
        return True
    parent = values.get(when["parameter"])
    if parent is None:
        return False
    return parent >= when["atLeast"] if "atLeast" in when else parent in when["in"]


def existing(space, values):
    """The values of those parameters that exist, for methods without conditions."""
    kept = {}
    for name, parameter in space.items():
        if exists(parameter, kept):
            kept[name] = values[name]
    return kept


class Optuna:
    def __init__(self, space, method, seed, trials):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        samplers = optuna.samplers
        sampler = {
            "optuna-gp": lambda: samplers.GPSampler(seed=seed),
            "optuna-tpe": lambda: samplers.TPESampler(seed=seed),
            "optuna-tpe-multivariate": lambda: samplers.TPESampler(
                seed=seed, multivariate=True, group=True
            ),
            "halton": lambda: samplers.QMCSampler(
                qmc_type="halton", scramble=True, seed=seed, warn_independent_sampling=False
            ),
        }[method]()
        self.space = space
        self.study = optuna.create_study(sampler=sampler)

    def ask(self):
        self.trial = self.study.ask()
        values = {}
        for name, p in self.space.items():
            if not exists(p, values):
                continue
            log = p.get("scale") == "log"
            if p["type"] == "categorical":
                values[name] = self.trial.suggest_categorical(name, p["choices"])
            elif p["type"] == "int":
                values[name] = self.trial.suggest_int(
                    name, p["min"], p["max"], step=p.get("step", 1), log=log
                )
            else:
                values[name] = self.trial.suggest_float(
                    name, p["min"], p["max"], step=p.get("step"), log=log
                )
        return values

    def tell(self, value):
        self.study.tell(self.trial, value)


class Hebo:
    def __init__(self, space, method, seed, trials):
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.space = space
        self.hebo = HEBO(DesignSpace().parse([self.entry(*item) for item in space.items()]), scramble_seed=seed)

    @staticmethod
    def entry(name, p):
        if p["type"] == "categorical":
            return {"name": name, "type": "cat", "categories": p["choices"]}
        entry = {"name": name, "lb": p["min"], "ub": p["max"]}
        if p.get("scale") == "log":
            return {**entry, "type": "pow_int" if p["type"] == "int" else "pow", "base": 10}
        if p.get("step"):
            # A grid by its index.
            return {**entry, "type": "int", "lb": 0, "ub": round((p["max"] - p["min"]) / p["step"])}
        return {**entry, "type": "int" if p["type"] == "int" else "num"}

    def ask(self):
        self.row = self.hebo.suggest(n_suggestions=1)
        values = {}
        for name, p in self.space.items():
            value = self.row[name].iloc[0]
            if p["type"] == "categorical":
                values[name] = value
                continue
            value = float(value) if p["type"] == "float" else int(value)
            if p.get("step"):
                value = p["min"] + value * p["step"]
            values[name] = min(p["max"], max(p["min"], value))
        return existing(self.space, values)

    def tell(self, value):
        self.hebo.observe(self.row, np.array([[value]]))


class Smac:
    def __init__(self, space, method, seed, trials):
        import logging

        logging.disable(logging.CRITICAL)
        from ConfigSpace import (
            Categorical,
            ConfigurationSpace,
            Float,
            GreaterThanCondition,
            InCondition,
            Integer,
            OrConjunction,
            EqualsCondition,
        )
        from smac import HyperparameterOptimizationFacade, Scenario

        config = ConfigurationSpace(seed=seed)
        self.space = space
        for name, p in space.items():
            if p["type"] == "categorical":
                config.add(Categorical(name, p["choices"]))
                continue
            log = p.get("scale") == "log"
            if p.get("step"):
                config.add(Integer(name, (0, round((p["max"] - p["min"]) / p["step"]))))
            elif p["min"] == p["max"]:
                continue
            elif p["type"] == "int":
                config.add(Integer(name, (p["min"], p["max"]), log=log))
            else:
                config.add(Float(name, (p["min"], p["max"]), log=log))
        for name, p in space.items():
            when = p.get("when")
            if not when:
                continue
            child, parent = config[name], config[when["parameter"]]
            if "in" in when:
                config.add(InCondition(child, parent, list(when["in"])))
            else:
                least = when["atLeast"]
                config.add(
                    OrConjunction(EqualsCondition(child, parent, least), GreaterThanCondition(child, parent, least))
                    if least < parent.upper
                    else EqualsCondition(child, parent, least)
                )
        scenario = Scenario(
            config,
            deterministic=True,
            n_trials=trials,
            seed=seed,
            output_directory=tempfile.mkdtemp(prefix="smac-"),
        )
        self.smac = HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0.0, overwrite=True)

    def ask(self):
        self.info = self.smac.ask()
        given = dict(self.info.config)
        values = {}
        for name, p in self.space.items():
            if name not in given:
                continue
            value = given[name]
            if p["type"] == "categorical":
                value = str(value) if isinstance(p["choices"][0], str) else value
            elif p.get("step"):
                value = p["min"] + int(value) * p["step"]
            else:
                value = int(value) if p["type"] == "int" else float(value)
            values[name] = value
        return values

    def tell(self, value):
        from smac.runhistory.dataclasses import TrialValue

        self.smac.tell(self.info, TrialValue(cost=value, time=0.1))


class BoTorch:
    """SingleTaskGP and qLogNoisyExpectedImprovement on the unit cube; choices one-hot, whole numbers rounded."""

    def __init__(self, space, method, seed, trials):
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.torch, self.space, self.seed = torch, space, seed
        self.columns = sum(len(p["choices"]) if p["type"] == "categorical" else 1 for p in space.values())
        self.starts = min(10, max(5, len(space) + 1))
        self.sobol = torch.quasirandom.SobolEngine(self.columns, scramble=True, seed=seed)
        self.x, self.y = [], []

    def decode(self, units):
        values, rounded, at = {}, [], 0
        for name, p in self.space.items():
            if p["type"] == "categorical":
                n = len(p["choices"])
                chosen = int(np.argmax(units[at : at + n]))
                rounded += [1.0 if i == chosen else 0.0 for i in range(n)]
                values[name] = p["choices"][chosen]
                at += n
                continue
            u = float(units[at])
            at += 1
            log = p.get("scale") == "log"
            low, high = (math.log(p["min"]), math.log(p["max"])) if log else (p["min"], p["max"])
            value = low + u * (high - low)
            value = math.exp(value) if log else value
            step = p.get("step", 1 if p["type"] == "int" else None)
            if step:
                value = p["min"] + round((value - p["min"]) / step) * step
                value = int(value) if p["type"] == "int" else value
            value = min(p["max"], max(p["min"], value))
            rounded.append(((math.log(value) if log else value) - low) / (high - low) if high > low else 0.5)
            values[name] = value
        return existing(self.space, values), rounded

    def ask(self):
        torch = self.torch
        if len(self.y) < self.starts:
            units = self.sobol.draw(1)[0]
        else:
            from botorch.acquisition.logei import qLogNoisyExpectedImprovement
            from botorch.fit import fit_gpytorch_mll
            from botorch.models import SingleTaskGP
            from botorch.optim import optimize_acqf
            from botorch.sampling import SobolQMCNormalSampler
            from gpytorch.mlls import ExactMarginalLogLikelihood

            x = torch.tensor(self.x, dtype=torch.double)
            y = -torch.tensor(self.y, dtype=torch.double).unsqueeze(-1)
            model = SingleTaskGP(x, y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            sampler = SobolQMCNormalSampler(torch.Size([128]), seed=self.seed)
            acquisition = qLogNoisyExpectedImprovement(model, x, sampler=sampler, prune_baseline=True)
            bounds = torch.tensor([[0.0] * self.columns, [1.0] * self.columns], dtype=torch.double)
            best, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=5, raw_samples=256)
            units = best[0]
        values, self.row = self.decode(units.numpy())
        return values

    def tell(self, value):
        self.x.append(self.row)
        self.y.append(value)


def answer(value):
    out.write(json.dumps(value, default=lambda one: one.item()) + "\n")
    out.flush()


# Whatever a package prints goes to the other stream.
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

peer = None
for line in sys.stdin:
    message = json.loads(line)
    if "start" in message:
        options = message["start"]
        random.seed(options["seed"])
        np.random.seed(options["seed"])
        kinds = {"hebo": Hebo, "smac": Smac, "botorch": BoTorch}
        peer = kinds.get(options["method"], Optuna)(**options)
        answer({})
    elif "ask" in message:
        answer({"values": peer.ask()})
    else:
        peer.tell(message["tell"])
        answer({})
