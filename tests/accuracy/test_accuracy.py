"""Networks at every scale and with all kinds of zeros: float32 as accurate as PyTorch's."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.findings import describe
from tests.accuracy import sums
from tests.accuracy.measure import SEEDS, measure
from tests.accuracy.subjects import built_in, further
from tests.shared import built

SUBJECTS = {s.name: s for s in (*built_in(), *further())}
SUMS = {e.name: e for e in sums.TABLE}
BUILT_IN = """
    affine_pair attention_head batch_norm_mlp binary_logistic char_mlp conv_layer conv_net deep_mlp dense_layers
    generic_neuron layer_norm_mlp linear_2_2_2 linear_perceptron max_pool_layer mlp multi_loss neuron_chain rnn
    sigmoid_softmax sigmoid_softmax_l2 threshold_layers threshold_mlp tied_autoencoder transformer_block two_layer_net
    two_layer_net_delta two_paths
"""
# Some of each table. What misses at some draw is not among them: README.md names it.
FURTHER = """
    shifted_softmax_by_parts brier_in_indices focal_of_labels smoothed_labels distillation causal_softmax
    shut_by_a_billion padded_rows tempered_attention contrastive pooled_by_attention soft_cross_entropy
    partial_likelihood log_of_complement other_sigmoid bernoulli_by_parts binary_focal mixture_of_experts
    gaussian_nll evidence_bound poisson_nll softplus_by_hand tanh_by_hand log_of_two_exponentials gumbel weibull
    student_nll ranking_of_pairs dice mish_by_hand less_a_sigmoid highway scaled_by_a_gate
    residual_of_softplus gated_roots group_lasso unit_rows cosine hinge_of_a_line huber_by_hand pseudo_huber triplet
    batch_norm_by_hand rms_by_hand geometric_mean product_of_a_row weighted_mean ratio_of_sums radial_basis
    soft_assignment student_assignment gelu_network gated_units residual_cell memory_cell decaying_memory
    softmax_by_parts softmax_by_inverse entropy_bonus divergence_of_softmaxes product_of_experts masked_softmax
    causal_heads choice_of_logs masked_exponential mixture_of_gaussians density_network soft_largest
    complementary_log_log tanh_residual residual_of_entries deep_residual penalty_by_a_number pairs_in_space
    chain_of_tags unlikelihood masked_poisson masked_square
    log_cosh sinh_by_cosh secants probit_by_erfc bits angles gamma_nll expected_log
    softmax_complements soft_alignment clipped_ratio learned_scales clipped_policy capped_rate scales_in_arrays
    apart_after_a_layer product_of_choices temperature gains
    hidden_states_in_logarithms
    hazards ordered_classes rounded_values clusters spikes waiting_times scale_by_softplus negative_binomial
    order_of_finish gaussian_divergence kernel_average leaky_unit zero_inflated strengths bernoulli_mixture heavy_tails
    nadaraya_watson neighbour_components stochastic_neighbours graph_attention sinkhorn supervised_contrastive
    where_softmax matching gated_attention_pool mutual_information distilled advantage_weighted plackett
    gated_mixture student_mixture log_of_products noise_contrastive competing multinomial_with_rest confidence_penalty
    margin_softmax bernoulli_product either reverse_kl kernel_regression_rows softmax_loop two_heads named_mixture
"""
# `symbp build` itself refused these, or at the scales of its own check they were wrong.
CHOICES = "squashed_actor balanced_focal poly_one robust_labels weighted_pairs steep_units steep_gates discounted flow"
CHOICES += " probit_tails truncated tobit"
# Their truth takes many digits of a long computation at some settings, so they are tried at a few.
LONG = "lstm stacked_lstm normalised_depth gated_cell"
OF_A_MILLION = "bias_of_a_million logistic_of_a_million spread_of_a_million"


def test_each_network_has_a_name_of_its_own() -> None:
    assert len(SUBJECTS) + len(SUMS) == len(built_in()) + len(further()) + len(sums.TABLE)


@pytest.mark.parametrize("name", [*BUILT_IN.split(), *FURTHER.split(), *CHOICES.split()])
def test_network_at_every_scale(name: str) -> None:
    assert [str(m) for o in measure(SUBJECTS[name], SEEDS[:1]) for m in o.misses] == []


@pytest.mark.share(2)
@pytest.mark.parametrize("name", [*CHOICES.split(), "likely_ratio"])
def test_network_is_built(name: str) -> None:
    assert [describe(c) for c in built(SUBJECTS[name].source).checks if not c.passed] == []


@pytest.mark.parametrize("setting", ["0.01", "1000", "a third 0"])
@pytest.mark.parametrize("name", LONG.split())
def test_long_network_at_some_scales(name: str, setting: str) -> None:
    assert [str(m) for o in measure(SUBJECTS[name], SEEDS[:1], setting) for m in o.misses] == []


@pytest.mark.parametrize("name", OF_A_MILLION.split())
def test_sum_over_a_million(name: str) -> None:
    assert [str(m) for m in sums.measure(SUMS[name], sums.SEEDS).misses] == []
