//! What the table of [rules](super) is made of, and what is made of it.

/// A number of an optimizer as a command line or a file calls it; rules that share it share its flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hyperparameter {
    /// The field of [`Rule`](super::Rule), as in [`Rule::with`](super::Rule::with).
    pub field: &'static str,
    /// The flag, words joined by `-`.
    pub flag: &'static str,
    /// What stands for its value in the help.
    pub value_name: &'static str,
    /// What it is, of which rules, and what it is if it is not given.
    pub help: &'static str,
}

/// Where a hyper-parameter has to lie.
#[derive(Clone, Copy, Debug)]
pub(super) enum Range {
    /// [0, 1)
    Unit,
    /// [0, 1), also in the precision of the parameters
    Average,
    /// (0, 1)
    OpenUnit,
    /// (0, ∞)
    Positive,
    /// [0, ∞)
    NotNegative,
}

impl Range {
    pub(super) fn contains(self, x: f64) -> bool {
        match self {
            Self::Unit => (0.0..1.0).contains(&x),
            // An average that forgets nothing is none.
            Self::Average => (0.0..1.0).contains(&x) && (x as f32) < 1.0,
            Self::OpenUnit => x > 0.0 && x < 1.0,
            Self::Positive => x > 0.0 && x.is_finite(),
            Self::NotNegative => x >= 0.0 && x.is_finite(),
        }
    }

    /// What a hyper-parameter has to be.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unit => "in [0, 1)",
            Self::Average => "in [0, 1), and less than 1 in single precision (at most 0.99999997)",
            Self::OpenUnit => "in (0, 1)",
            Self::Positive => "positive and finite",
            Self::NotNegative => "at least 0 and finite",
        }
    }
}

/// The type of a hyper-parameter.
pub(super) trait Number: Copy {
    /// `None` if it is switched off.
    fn value(self) -> Option<f64>;
    fn from_f64(x: f64) -> Self;
}
impl Number for f64 {
    fn value(self) -> Option<f64> {
        Some(self)
    }
    fn from_f64(x: f64) -> Self {
        x
    }
}
impl Number for f32 {
    /// As it is written, so that messages have 0.1 and not 0.10000000149011612.
    fn value(self) -> Option<f64> {
        self.to_string().parse().ok()
    }
    fn from_f64(x: f64) -> Self {
        x as f32
    }
}
impl<N: Number> Number for Option<N> {
    fn value(self) -> Option<f64> {
        self.and_then(N::value)
    }
    fn from_f64(x: f64) -> Self {
        Some(N::from_f64(x))
    }
}

/// [`Rule`](super::Rule) from its table. A row is
///
/// ```text
/// /// Documentation.
/// Variant, DEFAULT, "name" {
///     /// Documentation.
///     field: type = usual value, Range;
/// }
/// state |n, layout| lengths of the state vectors, for n parameters in arrays of these rows and columns;
/// step |s| what a step does, with the fields by name and `s`, a `Step`;
/// ```
macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident, $default:ident, $name:literal
        $({ $($(#[$field_doc:meta])* $field:ident: $type:ty = $usual:expr, $range:ident;)+ })?
        state |$n:tt, $layout:tt| $lengths:expr;
        step |$s:ident| $step:expr;
    )+) => {
        /// An update rule and its hyper-parameters; the formulas stand in [`simdescent_kernels::optimizer`].
        ///
        /// The learning rate is not here, because it belongs to the [schedule](crate::LearningRate).
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rule {
            $($(#[$doc])* $variant $({ $($(#[$field_doc])* $field: $type,)+ })?,)+
        }

        impl Rule {
            $(
                #[doc = concat!("The usual numbers: `", stringify!($variant),
                    $(" { ", $(stringify!($field), ": ", stringify!($usual), ", ",)+ "}",)? "`.")]
                pub const $default: Self = Self::$variant $({ $($field: $usual),+ })?;
            )+

            /// Every rule with its usual hyper-parameters.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$default),+];

            /// The rule's name in lower case, words joined by `-`: `"sgd"`, `"rmsprop"`, `"schedule-free"`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }

            /// The rule with another value of the hyper-parameter `field`; `None` if it has no such one.
            pub fn with(mut self, field: &str, value: f64) -> Option<Self> {
                match &mut self {
                    $(Self::$variant $({ $($field),+ })? => match field {
                        $($(stringify!($field) => *$field = Number::from_f64(value),)+)?
                        _ => return None,
                    })+
                }
                Some(self)
            }

            /// What is wrong with the hyper-parameters, if anything.
            pub(crate) fn validate(self) -> Result<(), ConfigError> {
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        $($(check($name, stringify!($field), $field, Range::$range)?;)+)?
                    })+
                }
                Ok(())
            }

            /// The lengths of the state vectors, for parameter arrays of these rows and columns.
            #[allow(unused_variables)] // hyper-parameters on which it does not depend
            pub(super) fn state_lengths(self, layout: &[(usize, usize)]) -> [usize; 3] {
                let n: usize = layout.iter().map(|(rows, cols)| rows * cols).sum();
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        let ($n, $layout) = (n, layout);
                        $lengths
                    })+
                }
            }

            /// Does a step.
            pub(super) fn step(self, step: &mut Step<'_>) {
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        let $s = step;
                        $step;
                    })+
                }
            }
        }
    };
}
pub(super) use rules;
