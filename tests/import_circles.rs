//! No file of a package imports from a file that imports from it, not even through others.
//!
//! An import is a path to another file of the package, in a `use` or in code. `pub use` is followed to the file that defines the
//! name, and is an import itself only where its own file uses the name. Tests inside the files are left out.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn no_file_of_the_library_imports_in_a_circle() {
    assert_no_circles("src", &[]);
}

/// `tests/rooms.rs` there says more: who may use whom.
#[test]
fn no_file_of_the_harness_imports_in_a_circle() {
    assert_no_circles("bench-harness/src", &[]);
    assert_no_circles("bench-harness/measure/src", &[]);
}

/// The loops of a product know each other, and an element type knows the lanes that it is computed in.
#[test]
fn no_file_of_the_kernels_imports_in_a_circle() {
    assert_no_circles("kernels/src", &[&["gemm"], &["real", "lanes"]]);
}

/// `folder` has the `lib.rs` of a package. A list in `as_one` names modules, such as `a::b`, that count as one file with all below them.
#[track_caller]
fn assert_no_circles(folder: &str, as_one: &[&[&str]]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let package = Package::read(&|file| fs::read_to_string(folder.join(file)).ok());
    assert!(package.modules.len() > 1, "{} holds no package", folder.display());
    let circles = package.circles(as_one);
    assert!(circles.is_empty(), "these modules of {} import in a circle: {circles:#?}", folder.display());
}

#[test]
fn a_circle_is_found_where_it_is_one() {
    let circles = |outer: &str, inner: &str, other: &str| {
        let files = [
            ("lib.rs", "mod outer; mod other; pub use outer::Outer;"),
            ("outer.rs", outer),
            ("outer/inner.rs", inner),
            ("other.rs", other),
        ];
        let read = |file: &str| files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned());
        Package::read(&read).circles(&[])
    };
    let (outer, inner) =
        ("mod inner; pub use inner::Inner; pub struct Outer;", "use super::Outer; pub struct Inner(Outer);");
    assert_eq!(circles(outer, inner, ""), Vec::<Vec<String>>::new(), "a name that is only passed on is not used");
    let user = outer.replace("Outer;", "Outer(Inner);");
    assert_eq!(circles(&user, inner, ""), [["outer", "outer::inner"]]);
    assert_eq!(circles(outer, inner, "use crate::Outer; fn f() {}"), Vec::<Vec<String>>::new());
    let (to_other, back) = (format!("use crate::other::f; {outer}"), "use crate::outer::Inner; pub fn f() {}");
    assert_eq!(circles(&to_other, inner, back), [["other", "outer", "outer::inner"]], "through what is passed on");
    assert_eq!(circles(&to_other, inner, "fn f() { crate::Outer::new() }"), [["other", "outer"]], "without a `use`");
    let tested = format!("// use crate::Outer;\n pub fn f() {{}} #[cfg(test)] mod tests {{ {back} }}");
    assert_eq!(circles(&to_other, inner, &tested), Vec::<Vec<String>>::new(), "comments and tests do not count");
}

/// A module, as path of names from the root of its package.
type Module = Vec<String>;

/// The modules of a package, one per file.
struct Package {
    modules: BTreeMap<Module, Source>,
}

/// What a file says about other files.
#[derive(Default)]
struct Source {
    /// The modules below it.
    children: BTreeSet<String>,
    /// Each `use`: the path, the name it has here (`*` for all of them), and whether it is passed on.
    uses: Vec<(Vec<String>, String, bool)>,
    /// Paths in code.
    paths: BTreeSet<Vec<String>>,
    /// All words in code.
    words: BTreeSet<String>,
}

impl Package {
    /// `read` returns the text of a file, named from the folder of `lib.rs`, if there is one.
    fn read(read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut package = Self { modules: BTreeMap::new() };
        package.add(read, vec![]);
        package
    }

    fn add(&mut self, read: &dyn Fn(&str) -> Option<String>, module: Module) {
        let name = module.join("/");
        let mut files = if module.is_empty() {
            vec!["lib.rs".into()]
        } else {
            vec![format!("{name}.rs"), format!("{name}/mod.rs")]
        };
        let Some(text) = files.drain(..).find_map(|file| read(&file)) else { return };
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut source = Source::default();
        source.see(tokens);
        for child in source.children.clone() {
            self.add(read, [&module[..], &[child]].concat());
        }
        self.modules.insert(module, source);
    }

    /// The file that defines what a path in a file names; `None` outside of the package.
    fn definer(&self, from: &Module, path: &[String], seen: &mut BTreeSet<(Module, Vec<String>)>) -> Option<Module> {
        if !seen.insert((from.clone(), path.to_vec())) {
            return None;
        }
        let source = self.modules.get(from)?;
        let (first, rest) = path.split_first()?;
        let below = |module: Module| if rest.is_empty() { Some(module) } else { None };
        let within = match first.as_str() {
            "crate" => Some(vec![]),
            "self" => Some(from.clone()),
            "super" => Some(from[..from.len().checked_sub(1)?].to_vec()),
            child if source.children.contains(child) => Some([&from[..], &[child.to_owned()]].concat()),
            _ => None,
        };
        if let Some(module) = within {
            let found = below(module.clone()).or_else(|| self.definer(&module, rest, seen));
            // What no `use` brings there is defined there.
            return found.or(Some(module)).filter(|module| self.modules.contains_key(module));
        }
        for (path, name, _) in &source.uses {
            let whole = match name.as_str() {
                "*" => [&path[..], std::slice::from_ref(first)].concat(),
                name if name == first => path.clone(),
                _ => continue,
            };
            let outside =
                !matches!(whole[0].as_str(), "crate" | "self" | "super") && !source.children.contains(&whole[0]);
            if outside {
                continue;
            }
            if let Some(found) = self.definer(from, &[&whole[..], rest].concat(), seen) {
                return Some(found);
            }
        }
        None
    }

    /// From which files each file imports.
    fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of = |(module, source): (&Module, &Source)| {
            let used = source.uses.iter().filter(|(_, name, public)| !public || source.words.contains(name));
            let paths = used.map(|(path, _, _)| path).chain(&source.paths);
            let files = paths.filter_map(|path| self.definer(module, path, &mut BTreeSet::new()));
            (module.clone(), files.filter(|file| file != module).collect())
        };
        self.modules.iter().map(of).collect()
    }

    /// The largest sets of modules each of which leads to every other, as names in order.
    fn circles(&self, as_one: &[&[&str]]) -> Vec<Vec<String>> {
        let name = |module: &Module| {
            let name = module.join("::");
            let within =
                |top: &&str| name.strip_prefix(*top).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            as_one.iter().find(|group| group.iter().any(within)).map_or(name.clone(), |group| group.join(" + "))
        };
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in self.imports() {
            let targets = to.iter().map(name).filter(|to| *to != name(&from)).collect::<Vec<_>>();
            edges.entry(name(&from)).or_default().extend(targets);
        }
        let reached = |from: &String| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(edges[module].iter().filter(|to| seen.insert((*to).clone())));
            }
            seen
        };
        let reached: BTreeMap<&String, BTreeSet<String>> =
            edges.keys().map(|module| (module, reached(module))).collect();
        let circle = |module: &&String| -> Option<Vec<String>> {
            let both = reached[*module].iter().filter(|other| reached[other].contains(*module));
            Some(both.cloned().collect::<Vec<_>>()).filter(|circle| !circle.is_empty())
        };
        reached.keys().filter_map(circle).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Source {
    fn see(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut public = false;
        while at < tokens.len() {
            let rest = &tokens[at..];
            match word(rest) {
                // An attribute, or documentation.
                _ if is(rest, '#') && matches!(rest.get(1), Some(TokenTree::Group(_))) => {
                    at += 2;
                    if rest[1].to_string().replace(' ', "") == "[cfg(test)]" {
                        let end = |token: &TokenTree| {
                            matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                                || is(std::slice::from_ref(token), ';')
                        };
                        at += tokens[at..].iter().position(end).map_or(0, |end| end + 1);
                    }
                    continue;
                }
                Some(visibility) if visibility == "pub" => public = true,
                Some(keyword) if keyword == "use" && !is(&rest[1..], '<') => {
                    let end = rest.iter().position(|token| is(std::slice::from_ref(token), ';')).expect("`use` ends");
                    self.see_use(&rest[1..end], &[], public);
                    at += end;
                    public = false;
                }
                Some(keyword) if keyword == "mod" && is(&rest[2..], ';') => {
                    self.children.extend(word(&rest[1..]));
                    at += 1;
                    public = false;
                }
                Some(first) => {
                    let mut path = vec![first];
                    while is(&tokens[at + 1..], ':')
                        && is(&tokens[at + 2..], ':')
                        && let Some(next) = word(&tokens[at + 3..])
                    {
                        path.push(next);
                        at += 3;
                    }
                    self.words.insert(path[0].clone());
                    self.paths.extend((path.len() > 1).then_some(path));
                    public = false;
                }
                None => {
                    if let TokenTree::Group(group) = &rest[0] {
                        self.see(group.stream());
                    }
                }
            }
            at += 1;
        }
    }

    /// The tree behind a `use`, below `prefix`.
    fn see_use(&mut self, tokens: &[TokenTree], prefix: &[String], public: bool) {
        for tree in tokens.split(|token| is(std::slice::from_ref(token), ',')) {
            let mut path = prefix.to_vec();
            let mut renamed = None;
            let mut at = 0;
            while at < tree.len() {
                match &tree[at] {
                    TokenTree::Ident(name) if *name == "as" => {
                        renamed = word(&tree[at + 1..]);
                        at += 1;
                    }
                    TokenTree::Ident(name) if *name == "self" && !path.is_empty() => {}
                    TokenTree::Ident(name) => path.push(name.to_string()),
                    TokenTree::Group(group) => {
                        self.see_use(&group.stream().into_iter().collect::<Vec<_>>(), &path, public);
                        path.clear();
                    }
                    token if is(std::slice::from_ref(token), '*') => renamed = Some("*".into()),
                    _ => {}
                }
                at += 1;
            }
            if let Some(last) = path.last().cloned() {
                self.uses.push((path, renamed.unwrap_or(last), public));
            }
        }
    }
}

fn is(tokens: &[TokenTree], wanted: char) -> bool {
    matches!(tokens.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn word(tokens: &[TokenTree]) -> Option<String> {
    match tokens.first() {
        Some(TokenTree::Ident(word)) => Some(word.to_string()),
        _ => None,
    }
}
