"""The words and names that logged numbers have, as data.

A name is written as its library writes it; upper and lower case, ``_`` and the like make no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

TRAIN = frozenset({"train", "training", "trn", "tr", "dtrain", "learn"})
VALIDATION = frozenset({"val", "valid", "validation", "vld", "dvalid", "dev", "eval", "evaluation", "holdout"})
TEST = frozenset({"test", "testing", "dtest"})
NUMBERED = frozenset({"dataloader", "idx"})
"""Words that number the data sets of a role, as Lightning does."""

PER_STEP = frozenset({"step", "steps", "batch", "iter", "iteration"})
PER_EPOCH = frozenset({"epoch"})

LOSS = frozenset({"loss", "losses", "logloss"})
"""Words that call a number a loss."""

ERROR = frozenset({"error", "err", "errors", "cost"})
"""Words for less is better, unless they are the name of a class beside the name of a score: ``AP/error``."""

COUNTS_MISTAKES = ERROR | frozenset(
    {"merror", "binaryerror", "multierror", "misclassification", "numerrors", "zerooneloss", "hammingloss"}
)
"""Words of measures that count mistakes: they move in steps, so a smoother one says more."""

FILLERS = frozenset({"mean", "avg", "average", "total", "combined", "metrics", "metric"})
"""Words that say nothing about what was measured."""

QUALIFIERS = FILLERS | frozenset(
    {
        *("macro", "micro", "weighted", "samples", "multiclass", "multilabel", "binary", "categorical", "sparse"),
        *("top", "k", "bbox", "box", "segm", "mask", "coco", "voc", "fg", "ema", "best", "overall", "global", "masked"),
    }
)
"""Words beside a known name that do not change which way it improves."""

MAKES_ANOTHER = frozenset(
    {
        *("std", "stddev", "var", "variance", "gap", "drop", "delta", "diff", "change", "ratio", "threshold", "rank"),
        *("count", "num", "number", "time", "weight", "weights", "scale", "scaler", "coef", "coefficient", "norm"),
    }
)
"""Words that make something else of a known name, of which more may be good or bad: ``loss_scale``, ``acc_std``."""

NEGATES = frozenset({"neg", "negative", "minus", "inverse"})
"""Words that may turn round which way a name improves, or mean the negative examples: ``neg_loss``."""


@dataclass(frozen=True)
class Library:
    """The metrics of a library by the way they improve.

    Args:
        name: What the library is called.
        source: Where it says so.
        rises: Names of which more is better.
        falls: Names of which less is better.
        either: Names of which neither holds, or of which it depends on who computes them.
    """

    name: str
    source: str
    rises: str = ""
    falls: str = ""
    either: str = ""


LIBRARIES = (
    Library(
        "torchmetrics",
        "https://lightning.ai/docs/torchmetrics: higher_is_better of each class, and its docs where that is not set",
        rises="""
            Accuracy AUROC AveragePrecision CohenKappa ExactMatch F1Score FBetaScore JaccardIndex LogAUC
            MatthewsCorrCoef NegativePredictiveValue Precision Recall Specificity SensitivityAtSpecificity
            SpecificityAtSensitivity PrecisionAtFixedRecall RecallAtFixedPrecision RankingAveragePrecision
            ConcordanceCorrCoef CosineSimilarity CriticalSuccessIndex ExplainedVariance KendallRankCorrCoef
            PearsonCorrCoef R2Score SpearmanCorrCoef
            CLIPScore CLIPImageQualityAssessment MultiScaleStructuralSimilarityIndexMeasure PeakSignalNoiseRatio
            PeakSignalNoiseRatioWithBlockedEffect QualityWithNoReference SpatialCorrelationCoefficient
            StructuralSimilarityIndexMeasure UniversalImageQualityIndex VisualInformationFidelity InceptionScore
            ComplexScaleInvariantSignalNoiseRatio ScaleInvariantSignalDistortionRatio ScaleInvariantSignalNoiseRatio
            SignalDistortionRatio SignalNoiseRatio SourceAggregatedSignalDistortionRatio
            PerceptualEvaluationSpeechQuality ShortTimeObjectiveIntelligibility
            BERTScore BLEUScore CHRFScore ROUGEScore SacreBLEUScore SQuAD WordInfoPreserved
            RetrievalAUROC RetrievalHitRate RetrievalMAP RetrievalMRR RetrievalNormalizedDCG RetrievalPrecision
            RetrievalRPrecision RetrievalRecall RetrievalRecallAtFixedPrecision RetrievalPrecisionRecallCurve
            CramersV FleissKappa PearsonsContingencyCoefficient TheilsU TschuprowsT
            AdjustedMutualInfoScore AdjustedRandScore CalinskiHarabaszScore ClusterAccuracy CompletenessScore DunnIndex
            FowlkesMallowsIndex HomogeneityScore MutualInfoScore NormalizedMutualInfoScore RandScore VMeasureScore
            DiceScore GeneralizedDiceScore MeanIoU ModifiedPanopticQuality PanopticQuality IntersectionOverUnion
            MeanAveragePrecision
        """,
        falls="""
            CalibrationError EER HammingDistance HingeLoss CoverageError RankingLoss
            ContinuousRankedProbabilityScore JensenShannonDivergence KLDivergence LogCoshError MeanAbsoluteError
            MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogError MinkowskiDistance
            NormalizedRootMeanSquaredError RelativeSquaredError SymmetricMeanAbsolutePercentageError
            TweedieDevianceScore WeightedMeanAbsolutePercentageError
            DeepImageStructureAndTextureSimilarity ErrorRelativeGlobalDimensionlessSynthesis
            FrechetInceptionDistance KernelInceptionDistance LearnedPerceptualImagePatchSimilarity
            MemorizationInformedFrechetInceptionDistance PerceptualPathLength RelativeAverageSpectralError
            RootMeanSquaredErrorUsingSlidingWindow SpatialDistortionIndex SpectralAngleMapper SpectralDistortionIndex
            TotalVariation LipVertexError
            CharErrorRate EditDistance ExtendedEditDistance MatchErrorRate Perplexity TranslationEditRate WordErrorRate
            WordInfoLost RetrievalFallOut DaviesBouldinScore HausdorffDistance ProcrustesDisparity
        """,
        either="ConfusionMatrix StatScores PrecisionRecallCurve Fairness GroupStatRates",
    ),
    Library(
        "Keras",
        "https://keras.io/api/metrics: the direction that callbacks take with mode='auto'",
        rises="""
            auc accuracy binary_accuracy binary_io_u categorical_accuracy concordance_correlation cosine_similarity
            f1_score fbeta_score io_u mean_io_u one_hot_io_u one_hot_mean_io_u pearson_correlation precision
            precision_at_recall r2_score recall recall_at_precision sensitivity_at_specificity
            sparse_categorical_accuracy sparse_top_k_categorical_accuracy specificity_at_sensitivity
            top_k_categorical_accuracy
        """,
        falls="""
            binary_crossentropy categorical_crossentropy categorical_hinge hinge kl_divergence logcosh
            mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error poisson
            root_mean_squared_error sparse_categorical_crossentropy squared_hinge
        """,
        either="true_positives true_negatives false_positives false_negatives",
    ),
    Library(
        "scikit-learn",
        "https://scikit-learn.org/stable/modules/model_evaluation.html: its scorers and functions",
        rises="""
            accuracy accuracy_score adjusted_mutual_info_score adjusted_rand_score average_precision
            average_precision_score balanced_accuracy balanced_accuracy_score calinski_harabasz_score cohen_kappa_score
            completeness_score consensus_score d2_absolute_error_score d2_brier_score d2_log_loss_score d2_pinball_score
            d2_tweedie_score dcg_score explained_variance explained_variance_score f1 f1_score fbeta_score
            fowlkes_mallows_score homogeneity_score jaccard jaccard_score label_ranking_average_precision_score
            matthews_corrcoef mutual_info_score ndcg_score normalized_mutual_info_score positive_likelihood_ratio
            precision precision_score r2 r2_score rand_score recall recall_score roc_auc roc_auc_score roc_auc_ovo
            roc_auc_ovr silhouette_score top_k_accuracy top_k_accuracy_score v_measure_score
            neg_brier_score neg_log_loss neg_max_error neg_mean_absolute_error neg_mean_absolute_percentage_error
            neg_mean_gamma_deviance neg_mean_poisson_deviance neg_mean_squared_error neg_mean_squared_log_error
            neg_median_absolute_error neg_negative_likelihood_ratio neg_root_mean_squared_error
            neg_root_mean_squared_log_error neg_mse neg_rmse neg_mae
        """,
        falls="""
            brier_score brier_score_loss coverage_error davies_bouldin_score hamming_loss hinge_loss label_ranking_loss
            log_loss max_error mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss
            mean_poisson_deviance mean_squared_error mean_squared_log_error mean_tweedie_deviance median_absolute_error
            negative_likelihood_ratio root_mean_squared_error root_mean_squared_log_error zero_one_loss
        """,
    ),
    Library(
        "Hugging Face evaluate",
        "https://huggingface.co/evaluate-metric: the card of each metric",
        rises="""
            bertscore bleu bleurt chrf charcut code_eval pass_at_k combined_score comet exact exact_match em f1
            frugalscore google_bleu gleu
            matthews_correlation mauve mean_iou meteor nist_mt nist pearsonr pearson poseval r_squared rouge rouge1
            rouge2 rougeL rougeLsum sacrebleu sari seqeval spearmanr spearman squad squad_v2 trec_eval
        """,
        falls="brier_score cer character mae mahalanobis mape mase mse perplexity smape ter wer charcut_mt",
        either="rl_reliability",
    ),
    Library(
        "XGBoost",
        "https://xgboost.readthedocs.io/en/stable/parameter.html: eval_metric",
        rises="auc aucpr pre ndcg map interval_regression_accuracy",
        falls="""
            rmse rmsle mae mape mphe logloss error merror mlogloss poisson_nloglik gamma_nloglik cox_nloglik nloglik
            aft_nloglik tweedie_nloglik gamma_deviance quantile expectile
        """,
    ),
    Library(
        "LightGBM",
        "https://lightgbm.readthedocs.io/en/stable/Parameters.html: metric",
        rises="auc auc_mu average_precision ndcg map r2",
        falls="""
            l1 l2 rmse quantile mape huber fair poisson gamma gamma_deviance tweedie binary_logloss binary_error
            multi_logloss multi_error cross_entropy xentropy cross_entropy_lambda xentlambda kullback_leibler kldiv
        """,
    ),
    Library(
        "CatBoost",
        "https://catboost.ai/docs/en/concepts/loss-functions: and catboost._catboost.is_maximizable_metric",
        rises="""
            R2 Precision Recall F F1 TotalF1 BalancedAccuracy MCC Accuracy AUC QueryAUC PRAUC NormalizedGini Kappa
            WKappa LogLikelihoodOfPrediction PairAccuracy PFound NDCG DCG FilteredDCG AverageGain PrecisionAt RecallAt
            MAP MRR YetiRank YetiRankPairwise StochasticRank StochasticFilter LambdaMart
        """,
        falls="""
            RMSE MAE MAPE Poisson Quantile MultiQuantile GroupQuantile MultiRMSE MultiRMSEWithMissingValues
            RMSEWithUncertainty LogLinQuantile Lq Huber Expectile Tweedie LogCosh FairLoss NumErrors SMAPE MSLE
            MedianAbsoluteError Logloss CrossEntropy MultiLogloss MultiCrossEntropy MultiClass MultiClassOneVsAll
            BalancedErrorRate BrierScore HingeLoss HammingLoss ZeroOneLoss PairLogit QueryCrossEntropy QueryRMSE
            QuerySoftMax SurvivalAft Focal
        """,
        either="CtrFactor Cox Combination",
    ),
    Library(
        "Ultralytics",
        "https://docs.ultralytics.com/guides/yolo-performance-metrics",
        rises="mAP mAP50 mAP50-95 AP precision recall accuracy_top1 accuracy_top5 top1 top5 fitness",
        falls="box_loss cls_loss dfl_loss seg_loss pose_loss kobj_loss obj_loss",
    ),
    Library(
        "nnU-Net",
        "https://github.com/MIC-DKFZ/nnUNet: nnunetv2/training/logging",
        rises="mean_fg_dice ema_fg_dice dice_per_class_or_region dice",
    ),
    Library(
        "reinforcement learning",
        "https://stable-baselines3.readthedocs.io/en/master/common/logger.html, RLlib, CleanRL and TRL",
        rises="""
            reward rewards rew return returns ep_rew_mean ep_reward episode_reward episode_reward_mean mean_reward
            episode_return episode_return_mean episodic_return mean_return success success_rate win_rate
            explained_variance rewards_accuracies rewards_margins
        """,
        falls="regret",
        either="ep_len_mean episode_length entropy approx_kl clip_fraction rewards_chosen rewards_rejected",
    ),
    Library(
        "short names",
        "how papers and projects write the above: the same metrics under their usual abbreviations",
        rises="""
            acc top_acc mAcc aAcc prec sens sensitivity spec specificity tpr tnr ppv npv hit_rate hits auprc pr_auc
            hit pck youden vmaf silhouette
            roc iou mIoU giou jaccard_index dsc dice_coef dice_coefficient dice_similarity_coefficient nsd mcc kappa
            quadratic_kappa qwk fscore f1score f2 f05 fbeta ba bacc uar psnr ssim ms_ssim snr sdr si_sdr si_snr sisdr
            sisnr sdri stoi estoi pesq mos inception_score rsquared r_squared pearson_r spearman_rho kendall_tau
            corr correlation pcc srcc plcc ccc nse kge gini c_index concordance_index cindex pq mota hota idf1 mrr rr
            log_likelihood loglik loglikelihood likelihood em_score wip pass cider spice chrf hits_at_k ami ari nmi
            skill_score lddt gdt tm_score mse_skill_score
        """,
        falls="""
            nll negative_log_likelihood neg_log_likelihood nloglik ce bce cross_entropy xent ppl bpb bpc bpd
            bits_per_byte bits_per_char bits_per_character bits_per_dim bits_per_dimension mse mae mape smape wmape
            wape rmse nrmse rmsle msle l1_error l2_error l1 l2 medae sse deviance brier ece mce ace wer cer mer wil ter
            per token_error_rate phoneme_error_rate pixel_error hd hd95 hausdorff assd asd chamfer chamfer_distance
            emd wasserstein epe ade fde mpjpe pa_mpjpe aee rpe ate abs_rel sq_rel delta_e lpips fid kid fvd kld kl
            kl_div js_divergence jsd mmd pinball crps fpr fnr far frr eer der min_dcf misclassification
            misclassification_rate err errors cost error_rate miss_rate fallout top1_error top5_error top1_err top5_err
            zero_one hamming lddmm residual niqe brisque dists rmsd levenshtein
        """,
        either="score elbo free_energy",
    ),
)

ONLY_ALONE = frozenset(
    {
        *("fair", "gamma", "quantile", "poisson", "expectile", "huber", "tweedie", "focal", "character", "success"),
        *("map", "pre", "per", "pass", "spec", "hit", "hits"),
        *("spice", "return", "returns", "roc", "ace", "ate", "residual"),
        *("f", "k", "em", "ba", "ce", "rr", "far", "corr", "correlation", "top1", "top5", "ter", "comet", "exact"),
        *("likelihood", "multiclass", "combination", "cox", "score", "entropy", "sens", "l1", "l2", "squad", "hd"),
    }
)
"""Names that mean a metric only where nothing else is beside them, since they are words of other things too."""
