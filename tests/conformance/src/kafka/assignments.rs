//! What the vectors of both families of assignors share: the rule by which two assignments are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::same;

/// member -> topic -> partitions.
pub type Shares = BTreeMap<String, BTreeMap<String, BTreeSet<i32>>>;

/// How equal a step has to be.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Whatever the order of members.
    Exact,
    /// With the members in the order of Kafka's hash map.
    ExactGivenMemberOrder,
    /// With members and topics in that order.
    ExactGivenOrders,
    /// Only as balanced and as sticky.
    Properties,
}

/// The properties of a result that depends on the order of a hash map.
#[derive(Clone, Debug, Deserialize)]
pub struct Bounds {
    sizes: OneOrMore<Vec<usize>>,
    moved: OneOrMore<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

/// Compares by the step's rule. `before` is the previous step's result; `topics` are partition counts, and `members`
/// the topics each member subscribes to.
pub fn compare(
    rule: Compare,
    bounds: Option<&Bounds>,
    real: &Shares,
    here: &Shares,
    before: Option<&Shares>,
    subscriptions: &BTreeMap<String, BTreeSet<String>>,
) -> Result<(), String> {
    if rule != Compare::Properties {
        return same("assignment", real, here);
    }
    let all = |shares: &Shares| {
        let mut all: Vec<(String, i32)> = Vec::new();
        for (topic, partitions) in shares.values().flatten() {
            all.extend(partitions.iter().map(|partition| (topic.clone(), *partition)));
        }
        all.sort();
        all
    };
    // Complete and disjoint: the same partitions as in Kafka's own, each once.
    same("partitions", &all(real), &all(here))?;
    let Some(bounds) = bounds else {
        return Err("a step compared by properties has no bounds".to_owned());
    };
    let mut sizes: Vec<usize> = here
        .values()
        .map(|topics| topics.values().map(BTreeSet::len).sum())
        .collect();
    sizes.sort_unstable();
    let fits = match &bounds.sizes {
        OneOrMore::One(one) => sorted(one) == sizes,
        OneOrMore::More(more) => more.iter().any(|one| sorted(one) == sizes),
    };
    if !fits {
        return Err(format!("sizes {sizes:?} are not within {:?}", bounds.sizes));
    }
    let moved = before.map_or(0, |before| moved(before, here, subscriptions));
    let fits = match &bounds.moved {
        OneOrMore::One(most) => moved <= *most,
        OneOrMore::More(range) => range.iter().max().is_some_and(|most| moved <= *most),
    };
    if !fits {
        return Err(format!("{moved} partitions moved, not within {:?}", bounds.moved));
    }
    Ok(())
}

fn sorted(sizes: &[usize]) -> Vec<usize> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes
}

/// Partitions taken from a member that is still there and still subscribes to the topic.
fn moved(before: &Shares, here: &Shares, subscriptions: &BTreeMap<String, BTreeSet<String>>) -> usize {
    let mut moved = 0;
    for (member, topics) in before {
        for (topic, partitions) in topics {
            let subscribes = subscriptions.get(member).is_some_and(|topics| topics.contains(topic));
            let kept = here.get(member).and_then(|topics| topics.get(topic));
            let lost = |partition: &&i32| !kept.is_some_and(|kept| kept.contains(*partition));
            if subscribes {
                moved += partitions.iter().filter(lost).count();
            }
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(list: &[(&str, &[i32])]) -> Shares {
        let one = |(member, partitions): &(&str, &[i32])| {
            let topics = BTreeMap::from([("t".to_owned(), partitions.iter().copied().collect())]);
            ((*member).to_owned(), topics)
        };
        list.iter().map(one).collect()
    }

    #[test]
    fn properties_are_size_and_movement() {
        let bounds: Bounds = serde_json::from_str(r#"{"sizes": [1, 2], "moved": 1}"#).unwrap();
        let before = shares(&[("a", &[0, 1, 2]), ("b", &[])]);
        let real = shares(&[("a", &[0, 1]), ("b", &[2])]);
        let subscriptions: BTreeMap<String, BTreeSet<String>> = ["a", "b"]
            .into_iter()
            .map(|member| (member.to_owned(), BTreeSet::from(["t".to_owned()])))
            .collect();
        let check = |here: &Shares| {
            compare(
                Compare::Properties,
                Some(&bounds),
                &real,
                here,
                Some(&before),
                &subscriptions,
            )
        };
        assert_eq!(check(&shares(&[("a", &[1, 2]), ("b", &[0])])), Ok(()));
        assert!(check(&shares(&[("a", &[1]), ("b", &[0, 2])])).is_err(), "two moved");
        assert!(check(&shares(&[("a", &[0, 1, 2]), ("b", &[])])).is_err(), "unbalanced");
        assert!(check(&shares(&[("a", &[0, 1]), ("b", &[1])])).is_err(), "not disjoint");
        assert!(
            compare(
                Compare::Exact,
                None,
                &real,
                &shares(&[("a", &[1, 2]), ("b", &[0])]),
                None,
                &subscriptions
            )
            .is_err()
        );
    }
}
