"""The classifier that `sulcus train-head` put into a graph against scikit-learn's on the same features, within 1e-3.

python same_head.py < served-head.json
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

served = json.load(sys.stdin)
features, targets = np.array(served["features"]), np.array(served["targets"])
regression = LogisticRegression(C=served["inversePenalty"], tol=1e-10, solver="newton-cholesky")
model = make_pipeline(StandardScaler(), regression).fit(features, targets)
scaler = model[0]
expected = regression.coef_ / scaler.scale_
offset = regression.intercept_ - expected @ scaler.mean_

weight = np.array(served["weight"]).reshape(features.shape[1], -1).T
logits = features @ weight.T + np.array(served["bias"])
scores = np.exp(logits - logits.max(axis=1, keepdims=True))
scores /= scores.sum(axis=1, keepdims=True)
differences = {
    "weights": np.abs(weight - expected).max(),
    "biases": np.abs(np.array(served["bias"]) - (offset - offset.mean())).max(),
    "scores": np.abs(scores - model.predict_proba(features)).max(),
}
print(f"C = {served['inversePenalty']}:", ", ".join(f"{name} within {value:.1e}" for name, value in differences.items()))
sys.exit(0 if max(differences.values()) < 1e-3 and np.abs(expected).max() > 1e-2 else 1)
