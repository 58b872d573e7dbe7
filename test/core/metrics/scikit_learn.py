"""Golden figures of scikit-learn for test/core: `python test/core/metrics/scikit_learn.py` rewrites the two JSON files.

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


def is_close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(is_close, a, b))
    return abs(a - b) <= 1e-5 * max(1, abs(a))


for path, golden in (
    (CORE / "metrics" / "scikit-learn.json", metrics()),
    (CORE / "linear" / "scikit-learn.json", regressions()),
):
    if "--check" not in sys.argv:
        path.write_text(json.dumps(golden) + "\n")
    elif not is_close(json.loads(path.read_text()), golden):
        sys.exit(f"expected {path.name} in {path.parent.name} to hold scikit-learn's figures, received others")
