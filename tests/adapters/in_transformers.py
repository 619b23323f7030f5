"""A training in Transformers, of a tiny BERT that is made from its configuration."""

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

from tests.adapters.contract import Training
from tests.adapters.torch_data import weights

DATA = [{"input_ids": torch.arange(4) % 3, "labels": torch.tensor(i % 2)} for i in range(8)]


class Scripted(Trainer):
    """Its evaluation loss follows the script."""

    script = None

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        found = super().compute_loss(model, inputs, return_outputs=return_outputs, **kwargs)
        if model.training:
            return found
        loss = torch.tensor(float(self.script[round(self.state.epoch) - 1]), dtype=torch.float64)
        return (loss, found[1]) if return_outputs else loss


class Watch(TrainerCallback):
    def __init__(self, training):
        self.training = training

    def on_save(self, args, state, control, model=None, **kwargs):
        self.training.end_epoch(round(state.epoch) - 1, weights(model))


def bert():
    torch.manual_seed(0)
    sizes = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "max_position_embeddings": 8}
    config = BertConfig(num_hidden_layers=1, num_attention_heads=1, **sizes)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    return BertForSequenceClassification(config)


def arguments(training, **settings):
    return TrainingArguments(
        output_dir=str(training.folder),
        num_train_epochs=training.epochs,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        **{
            "eval_strategy": "no" if training.script is None else "epoch",
            "save_strategy": "epoch",
            "logging_strategy": "no",
            "learning_rate": 0.05,
            "save_total_limit": 1,
            **settings,
        },
    )


def train(training: Training) -> None:
    model = bert()
    trainer = Scripted(
        model,
        arguments(training),
        train_dataset=DATA,
        eval_dataset=DATA[:2],
        callbacks=[training.stopping, Watch(training)],
    )
    trainer.script = training.script
    trainer.train(resume_from_checkpoint=training.resume)
    training.final = weights(model)
