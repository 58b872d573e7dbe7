"""The labels of the seed's model card, in its logit order: the order of every logits file and checkpoint."""

LABELS = ("Mild_Demented", "Moderate_Demented", "Non_Demented", "Very_Mild_Demented")

ID2LABEL = dict(enumerate(LABELS))
LABEL2ID = {label: index for index, label in enumerate(LABELS)}

# Any dementia label against none: the question of the person-level AUC.
NO_DEMENTIA = LABEL2ID["Non_Demented"]
