"""Optuna's samplers behind a line protocol, so that both sides search the very same functions.

Reads JSON lines: {"start": {"space", "sampler", "seed"}}, {"ask": true}, {"tell": value}; answers each.
"""

import json
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def suggest(trial, space):
    values = {}
    for name, p in space.items():
        when = p.get("when")
        if when:
            parent = values.get(when["parameter"])
            if parent is None:
                continue
            if "atLeast" in when and not parent >= when["atLeast"]:
                continue
            if "in" in when and parent not in when["in"]:
                continue
        log = p.get("scale") == "log"
        if p["type"] == "categorical":
            values[name] = trial.suggest_categorical(name, p["choices"])
        elif p["type"] == "int":
            values[name] = trial.suggest_int(name, p["min"], p["max"], step=p.get("step", 1), log=log)
        else:
            values[name] = trial.suggest_float(name, p["min"], p["max"], step=p.get("step"), log=log)
    return values


def answer(value):
    print(json.dumps(value), flush=True)


study = trial = space = None
for line in sys.stdin:
    message = json.loads(line)
    if "start" in message:
        options = message["start"]
        space = options["space"]
        kind = {"gp": optuna.samplers.GPSampler, "tpe": optuna.samplers.TPESampler}[options["sampler"]]
        study = optuna.create_study(sampler=kind(seed=options["seed"]))
        answer({})
    elif "ask" in message:
        trial = study.ask()
        answer({"values": suggest(trial, space)})
    else:
        study.tell(trial, message["tell"])
        answer({})
