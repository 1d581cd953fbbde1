//! What `doctor` found, as text.

use crate::environment::Environment;
use crate::environment::checkup::{Check, State};
use serde::Serialize;

/// As JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DoctorReport {
    pub(crate) environment: Environment,
    pub(crate) checks: Vec<Check>,
}

/// A paragraph for what costs something, a line for the rest.
pub(crate) fn text(report: &DoctorReport) -> String {
    let DoctorReport { environment, checks } = report;
    let mut lines = vec![format!("{}, {} cores, {}", environment.cpu, environment.logical_cores, environment.os)];
    for Check { name, state, found, cost, mend } in checks {
        let mark = match state {
            State::Good => "good ",
            State::Costs => "costs",
            State::Unknown => "?    ",
        };
        lines.push(format!("{mark}  {name}: {found}"));
        lines.extend(cost.iter().map(|cost| format!("         {cost}")));
        lines.extend(mend.iter().map(|mend| format!("         $ {mend}")));
    }
    let costs = checks.iter().filter(|check| check.state == State::Costs).count();
    lines.push(match costs {
        0 => "Nothing stands in the way of good times.".into(),
        1 => "1 thing costs something; nothing was changed.".into(),
        costs => format!("{costs} things cost something; nothing was changed."),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent::kernels::Exec;

    #[test]
    fn what_costs_stands_with_its_remedy() {
        let check = |name, state, cost: Option<&str>| Check {
            name,
            state,
            found: "so".into(),
            cost: cost.map(str::to_owned),
            mend: cost.map(|_| "do this".into()),
        };
        let checks = vec![
            check("a", State::Good, None),
            check("b", State::Costs, Some("time")),
            check("c", State::Unknown, None),
        ];
        let text = text(&DoctorReport { environment: Environment::detect(Exec::default()), checks });
        let end = "good   a: so\ncosts  b: so\n         time\n         $ do this\n?      c: so\n\
            1 thing costs something; nothing was changed.";
        assert!(text.ends_with(end), "{text}");
    }
}
