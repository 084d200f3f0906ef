//! Types, and what is not yet known of them: a metric's type is settled by its first use.

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Int,
    Float,
    Text,
    Bool,
    /// A call that gives nothing.
    Nothing,
    /// What has an error already.
    Broken,
}

impl Type {
    /// What two types have in common.
    pub fn join(self, other: Type) -> Type {
        match (self, other) {
            (Type::Broken, _) | (_, Type::Broken) => Type::Broken,
            (Type::Nothing, other) | (other, Type::Nothing) => other,
            (Type::Text, _) | (_, Type::Text) => Type::Text,
            (Type::Float, _) | (_, Type::Float) => Type::Float,
            (Type::Int, _) | (_, Type::Int) => Type::Int,
            (Type::Bool, Type::Bool) => Type::Bool,
        }
    }

    /// The name that messages use, as mtail's manual does.
    pub fn name(self) -> &'static str {
        match self {
            Type::Int => "Int",
            Type::Float => "Float",
            Type::Text => "String",
            Type::Bool => "Bool",
            Type::Nothing => "nothing",
            Type::Broken => "broken",
        }
    }
}

/// A type, or the number of a metric whose type will be known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    Known(Type),
    Metric(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binding {
    Free,
    Is(Type),
    /// The same as another metric's.
    Same(usize),
}

/// What is known of the metrics' types.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    bindings: Vec<Binding>,
}

impl Variables {
    /// Adds a metric, with its type where it is fixed.
    pub fn add(&mut self, fixed: Option<Type>) {
        self.bindings.push(fixed.map_or(Binding::Free, Binding::Is));
    }

    /// The type where it is known, or the metric that stands for it.
    pub fn resolve(&self, typing: Typing) -> Typing {
        let Typing::Metric(mut metric) = typing else {
            return typing;
        };
        // A chain of metrics has no ring: one is only ever joined to the end of another chain.
        loop {
            match self.bindings.get(metric) {
                Some(Binding::Same(other)) => metric = *other,
                Some(Binding::Is(kind)) => return Typing::Known(*kind),
                _ => return Typing::Metric(metric),
            }
        }
    }

    /// The type; a metric of which nothing is known holds whole numbers.
    pub fn settled(&self, typing: Typing) -> Type {
        match self.resolve(typing) {
            Typing::Known(kind) => kind,
            Typing::Metric(_) => Type::Int,
        }
    }

    /// Makes two types one, where one is not yet known; gives what they have in common.
    pub fn unite(&mut self, left: Typing, right: Typing) -> Typing {
        match (self.resolve(left), self.resolve(right)) {
            (Typing::Known(left), Typing::Known(right)) => Typing::Known(left.join(right)),
            (Typing::Metric(metric), Typing::Known(kind))
            | (Typing::Known(kind), Typing::Metric(metric)) => {
                if matches!(kind, Type::Int | Type::Float | Type::Text) {
                    self.bind(metric, Binding::Is(kind));
                }
                Typing::Known(kind)
            }
            (Typing::Metric(left), Typing::Metric(right)) => {
                if left != right {
                    self.bind(right, Binding::Same(left));
                }
                Typing::Metric(left)
            }
        }
    }

    fn bind(&mut self, metric: usize, binding: Binding) {
        if let Some(place) = self.bindings.get_mut(metric) {
            *place = binding;
        }
    }
}
