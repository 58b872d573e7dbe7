"""Golden figures of scikit-learn for test/core: `python test/core/metrics/scikit_learn.py` rewrites the JSON files.

With --check nothing is written and a difference from the committed figures fails.
"""
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CORE = Path(__file__).parent.parent


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def metrics():
    random = np.random.default_rng(5)
    truth = random.choice(4, size=60, p=[0.2, 0.1, 0.4, 0.3])
    logits = np.round(random.normal(size=(60, 4)) + 1.2 * np.eye(4)[truth], 3)
    logits[7] = logits[3]  # ties
    logits[21] = logits[20]
    scores = softmax(logits)
    predicted = scores.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=range(4))
    dementia = scores[:, [0, 1, 3]].sum(axis=1)
    return {
        "truth": truth.tolist(),
        "logits": logits.tolist(),
        "accuracy": accuracy_score(truth, predicted),
        "loss": log_loss(truth, scores, labels=range(4)),
        "macroF1": f1_score(truth, predicted, average="macro"),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "confusionMatrix": confusion_matrix(truth, predicted, labels=range(4)).tolist(),
        "auc": [roc_auc_score(truth == label, scores[:, label]) for label in range(4)],
        "macroAuc": roc_auc_score(truth, scores, multi_class="ovr", average="macro"),
        "contrastAuc": roc_auc_score(truth != 2, dementia),
        "brier": float(((scores - np.eye(4)[truth]) ** 2).sum(axis=1).mean()),
    }


def regressions():
    random = np.random.default_rng(0)
    mixing = random.normal(size=(8, 8))
    # float32 values, as features are, but fitted in double: scikit-learn keeps the type, and 32 bits cost its fit 2e-3.
    features = np.round(random.normal(size=(90, 8)) @ mixing, 3).astype(np.float32).astype(np.float64)
    noisy = features @ random.normal(size=(8, 4)) + random.gumbel(size=(90, 4)) * 6
    cases = []
    for labels, inverse_penalty in ((4, 0.001), (4, 1.0), (4, 100.0), (2, 0.05), (2, 10.0)):
        targets = noisy.argmax(axis=1) if labels == 4 else (noisy.argmax(axis=1) > 1).astype(int)
        model = LogisticRegression(C=inverse_penalty, tol=1e-10, solver="newton-cholesky").fit(features, targets)
        weight, bias = model.coef_, model.intercept_
        if labels == 2:  # one weight vector: half of it for each side
            weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        cases.append({
            "labels": labels,
            "inversePenalty": inverse_penalty,
            "targets": targets.tolist(),
            "weight": weight.ravel().tolist(),
            "bias": (bias - bias.mean()).tolist(),
            "scores": model.predict_proba(features[:5]).tolist(),
        })
    return {"features": [[float(value) for value in row] for row in features], "cases": cases}


# As choose-penalty.ts has them.
INVERSE_PENALTIES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0, 10.0, 100.0)


def head():
    """Standardized features: every penalty on every fold of people, and the classifier of the chosen one on all of them."""
    random = np.random.default_rng(3)
    groups = np.arange(120) // 4
    targets = np.where(np.arange(120) < 8, 3, groups % 3)  # a rare label of two people
    scales, offsets = 10.0 ** random.integers(-2, 3, size=8), random.normal(size=8) * 20
    raw = random.normal(size=(120, 8)) + 0.8 * random.normal(size=(4, 8))[targets] + random.normal(size=(30, 8))[groups]
    features = np.round(raw * scales + offsets, 4).astype(np.float32).astype(np.float64)
    features[:, 7] = 1.25  # a channel that says nothing
    folds = groups % 5

    def fit(inverse_penalty, items):
        regression = LogisticRegression(C=inverse_penalty, tol=1e-10, solver="newton-cholesky")
        return make_pipeline(StandardScaler(), regression).fit(features[items], targets[items])

    def left_out(inverse_penalty):
        scores = np.zeros((120, 4))
        for fold in range(5):
            model = fit(inverse_penalty, folds != fold)
            scores[np.ix_(folds == fold, model.classes_)] = model.predict_proba(features[folds == fold])
        return scores

    tried = []
    for inverse_penalty in INVERSE_PENALTIES:
        scores = left_out(inverse_penalty)
        loss, accuracy = log_loss(targets, scores, labels=range(4)), accuracy_score(targets, scores.argmax(axis=1))
        tried.append({"inversePenalty": inverse_penalty, "loss": loss, "accuracy": accuracy})
    chosen = min(tried, key=lambda each: each["loss"])["inversePenalty"]
    scaler, regression = (step for _, step in fit(chosen, slice(None)).steps)
    weight = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - weight @ scaler.mean_
    return {
        "features": [[float(value) for value in row] for row in features],
        "targets": targets.tolist(),
        "groups": groups.tolist(),
        "folds": folds.tolist(),
        "tried": tried,
        "inversePenalty": chosen,
        "weight": weight.ravel().tolist(),
        "bias": (bias - bias.mean()).tolist(),
    }


def is_close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(is_close, a, b))
    return abs(a - b) <= 1e-5 * max(1, abs(a))


for path, golden in (
    (CORE / "metrics" / "scikit-learn.json", metrics()),
    (CORE / "linear" / "scikit-learn.json", regressions()),
    (CORE / "linear" / "scikit-learn-head.json", head()),
):
    if "--check" not in sys.argv:
        path.write_text(json.dumps(golden) + "\n")
    elif not is_close(json.loads(path.read_text()), golden):
        sys.exit(f"expected {path.name} in {path.parent.name} to hold scikit-learn's figures, received others")
