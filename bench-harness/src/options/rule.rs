//! The numbers of an optimizer, as options.

use anyhow::{Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use simdescent::Rule;

/// Those left out have the rule's usual values.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RuleOptions {
    /// μ of momentum and nesterov [default: 0.9]
    #[arg(long, value_name = "MU", allow_negative_numbers = true)]
    momentum: Option<f64>,
    /// ρ of rmsprop [default: 0.9], centered-rmsprop [default: 0.99] and adadelta [default: 0.9]
    #[arg(long, value_name = "RHO", allow_negative_numbers = true)]
    rho: Option<f64>,
    /// β₁ of Adam, what is like it, and lion [default: 0.9]
    #[arg(long, value_name = "BETA", allow_negative_numbers = true)]
    beta1: Option<f64>,
    /// β₂ of the same [default: 0.999, lion 0.99]
    #[arg(long, value_name = "BETA", allow_negative_numbers = true)]
    beta2: Option<f64>,
    /// ε of adagrad [default: 1e-10], adadelta, lamb [default: 1e-6], and of all others that divide [default: 1e-8]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// λ that adamw, lamb [default: 0.01] and schedule-free [default: 0] have of their own
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    rule_weight_decay: Option<f64>,
}

impl RuleOptions {
    /// The rule with these numbers.
    pub(crate) fn of(&self, rule: Rule) -> Result<Rule> {
        let numbers = [
            ("momentum", "momentum", self.momentum),
            ("rho", "decay", self.rho),
            ("beta1", "beta1", self.beta1),
            ("beta2", "beta2", self.beta2),
            ("epsilon", "epsilon", self.epsilon),
            ("rule-weight-decay", "weight_decay", self.rule_weight_decay),
        ];
        // `{name: {field: number, …}}`, or only the name.
        let mut form = serde_json::to_value(rule)?;
        for (flag, field, value) in numbers {
            let Some(value) = value else { continue };
            let fields = form.as_object_mut().and_then(|rule| rule.values_mut().next());
            match fields.and_then(|fields| fields.get_mut(field)) {
                // A number that is not finite has no JSON form.
                Some(_) if !value.is_finite() => bail!("--{flag} has to be finite, got {value}"),
                Some(number) => *number = json!(value),
                None => bail!("--{flag} does not go with the optimizer {}", rule.name()),
            }
        }
        Ok(serde_json::from_value(form)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_where_they_belong() {
        let usual = RuleOptions::default();
        for rule in Rule::ALL {
            assert_eq!(usual.of(rule).unwrap(), rule);
        }
        let changed = RuleOptions { beta2: Some(0.5), epsilon: Some(1e-3), ..usual.clone() };
        assert_eq!(changed.of(Rule::ADAM).unwrap(), Rule::Adam { beta1: 0.9, beta2: 0.5, epsilon: 1e-3 });
        let changed = RuleOptions { rho: Some(0.7), ..usual };
        assert_eq!(changed.of(Rule::RMSPROP).unwrap(), Rule::RmsProp { decay: 0.7, epsilon: 1e-8 });
        let message = changed.of(Rule::Sgd).unwrap_err().to_string();
        assert_eq!(message, "--rho does not go with the optimizer sgd");
    }
}
