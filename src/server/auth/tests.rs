//! Headers against users and tokens.

use std::time::Duration;

use super::*;

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Cheap hashes, so that the tests are quick.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn headers(authorization: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in authorization {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(header::AUTHORIZATION, value);
    }
    headers
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[tokio::test]
async fn an_open_gate_asks_nothing() {
    let auth = Auth::default();
    assert!(auth.is_open());
    assert_eq!(auth.admits(&headers(&[]), ADDRESS).await, Verdict::Allowed);
    assert_eq!(
        auth.admits(&headers(&["Basic x"]), ADDRESS).await,
        Verdict::Allowed
    );
    assert_eq!(auth.challenges().count(), 0);
}

#[tokio::test]
async fn passwords() {
    let users = file(&format!(
        "# scrapers\n\nann:{}\r\nbob:{}\n",
        hash("a:b ü"),
        hash("")
    ));
    let auth = Auth::read(Some(users.path()), None).unwrap();
    for (given, expected) in [
        (basic("ann:a:b ü"), Verdict::Allowed),
        (basic("ann:a:b ü"), Verdict::Allowed),
        (basic("bob:"), Verdict::Allowed),
        (basic("ann:a:b"), Verdict::Unauthorized),
        (basic("ann:"), Verdict::Unauthorized),
        (basic("carol:a:b ü"), Verdict::Unauthorized),
        (basic("ann"), Verdict::Unauthorized),
        (basic("# scrapers:"), Verdict::Unauthorized),
        ("basic  YW5uOmE6YiDDvA==".into(), Verdict::Allowed),
        ("Basic".into(), Verdict::Unauthorized),
        ("Basic %%%".into(), Verdict::Unauthorized),
        ("Bearer x".into(), Verdict::Unauthorized),
        ("Digest username=\"ann\"".into(), Verdict::Unauthorized),
    ] {
        assert_eq!(
            auth.admits(&headers(&[&given]), ADDRESS).await,
            expected,
            "{given}"
        );
    }
    assert_eq!(
        auth.admits(&headers(&[]), ADDRESS).await,
        Verdict::Unauthorized
    );
    let (right, wrong) = (basic("bob:"), basic("bob:x"));
    let twice = headers(&[&right, &wrong]);
    assert_eq!(auth.admits(&twice, ADDRESS).await, Verdict::Unauthorized);
}

#[tokio::test]
async fn the_hash_of_somebody_unknown_opens_nothing() {
    let users = file(&format!("ann:{}\n", hash("secret")));
    let auth = Auth::read(Some(users.path()), None).unwrap();
    // The decoy is ann's hash; her password is still hers alone.
    let decoy = basic("nobody:secret");
    assert_eq!(
        auth.admits(&headers(&[&decoy]), ADDRESS).await,
        Verdict::Unauthorized
    );
    assert_eq!(
        auth.admits(&headers(&[&decoy]), ADDRESS).await,
        Verdict::Unauthorized
    );
}

#[tokio::test]
async fn a_password_that_was_right_once_costs_no_second_check() {
    let users = file(&format!("ann:{}\n", bcrypt::hash("x", 4).unwrap()));
    let auth = Auth::read(Some(users.path()), None).unwrap();
    let (right, wrong) = (basic("ann:x"), basic("ann:y"));
    assert_eq!(
        auth.admits(&headers(&[&right]), ADDRESS).await,
        Verdict::Allowed
    );
    assert_eq!(
        auth.admits(&headers(&[&wrong]), ADDRESS).await,
        Verdict::Unauthorized
    );
    // From here on every check would wait for ever.
    auth.checks.working.clone().forget_permits(1);
    let patience = Duration::from_secs(20);
    for (given, expected) in [(&right, Verdict::Allowed), (&wrong, Verdict::Unauthorized)] {
        let verdict =
            tokio::time::timeout(patience, auth.admits(&headers(&[given]), ADDRESS)).await;
        assert_eq!(verdict.unwrap(), expected);
    }
    // Others wait, up to a number for each address and for all together.
    let auth = Arc::new(auth);
    let address = |number: usize| IpAddr::from((number as u32).to_be_bytes());
    let addresses = WAITING_MAX / WAITING_OF_ADDRESS_MAX;
    for number in 0..WAITING_MAX {
        let (waiting, given) = (Arc::clone(&auth), basic(&format!("ann:{number}")));
        let by = address(number % addresses);
        let guessing = Arc::clone(&auth);
        tokio::spawn(async move { guessing.admits(&headers(&[&given]), by).await });
        let is_full = || {
            waiting
                .checks
                .waiting
                .lock()
                .unwrap()
                .values()
                .sum::<usize>()
                == number + 1
        };
        while !is_full() {
            tokio::task::yield_now().await;
        }
    }
    let one_more = headers(&[&basic("ann:one more")]);
    for by in [address(0), address(addresses)] {
        assert_eq!(auth.admits(&one_more, by).await, Verdict::Busy);
    }
    // A password that is known to be right is answered all the same.
    let known = auth.admits(&headers(&[&right]), address(0)).await;
    assert_eq!(known, Verdict::Allowed);
}

#[tokio::test]
async fn a_new_password_ends_the_old_one() {
    let users = file(&format!("ann:{}\n", hash("old")));
    let auth = Auth::read(Some(users.path()), None).unwrap();
    let (old, new) = (basic("ann:old"), basic("ann:new"));
    assert_eq!(
        auth.admits(&headers(&[&old]), ADDRESS).await,
        Verdict::Allowed
    );
    std::fs::write(users.path(), format!("ann:{}\n", hash("new"))).unwrap();
    auth.look();
    auth.look();
    assert_eq!(
        auth.admits(&headers(&[&old]), ADDRESS).await,
        Verdict::Unauthorized
    );
    assert_eq!(
        auth.admits(&headers(&[&new]), ADDRESS).await,
        Verdict::Allowed
    );
}

#[test]
fn any_number_of_wrong_passwords_leaves_right_ones_known() {
    let mut remembered = Remembered::default();
    remembered.insert([0; 32], true);
    for number in 0..2 * REMEMBERED_MAX {
        let mut digest = [1; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        remembered.insert(digest, false);
    }
    assert_eq!(remembered.get(&[0; 32]), Some(true));
    assert!(remembered.wrong.len() <= REMEMBERED_MAX);
}

#[tokio::test]
async fn tokens() {
    let tokens = file("# first\nabc\n  def  \n");
    let source = TokenSource::File(tokens.path().to_owned());
    let file = Auth::read(None, Some(&source)).unwrap();
    let value = TokenSource::Value(Token::new(" abc\n").unwrap());
    let value = Auth::read(None, Some(&value)).unwrap();
    for (given, in_file, in_value) in [
        ("Bearer abc", true, true),
        ("bearer abc", true, true),
        ("Bearer def", true, false),
        ("Bearer ab", false, false),
        ("Bearer abcd", false, false),
        ("Bearer ", false, false),
        ("Bearer", false, false),
        ("abc", false, false),
        ("Basic abc", false, false),
    ] {
        for (auth, expected) in [(&file, in_file), (&value, in_value)] {
            let verdict = auth.admits(&headers(&[given]), ADDRESS).await;
            assert_eq!(verdict == Verdict::Allowed, expected, "{given}");
        }
    }
}

#[tokio::test]
async fn either_is_enough_and_both_are_named() {
    let users = file(&format!("ann:{}\n", hash("x")));
    let token = TokenSource::Value(Token::new("abc").unwrap());
    let auth = Auth::read(Some(users.path()), Some(&token)).unwrap();
    for given in ["Bearer abc".to_owned(), basic("ann:x")] {
        assert_eq!(
            auth.admits(&headers(&[&given]), ADDRESS).await,
            Verdict::Allowed
        );
    }
    let challenges: Vec<_> = auth.challenges().collect();
    assert_eq!(
        challenges,
        [
            "Basic realm=\"logmetrics\", charset=\"UTF-8\"",
            "Bearer realm=\"logmetrics\""
        ]
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_by_line_and_without_the_secret() {
    let told = |text: &str| {
        let file = file(text);
        let error = Auth::read(Some(file.path()), None).unwrap_err();
        assert!(!error.contains("5ecret"), "{error}");
        error.replace(&file.path().display().to_string(), "FILE")
    };
    let no_hash = "expected a bcrypt hash (`$2b$…`); `htpasswd -B` writes one";
    for text in ["ann:5ecret", "ann:$apr1$5ecret", "ann:{SHA}5ecret=", "ann:"] {
        assert_eq!(told(text), format!("`FILE`, line 1: {no_hash}"));
    }
    assert_eq!(
        told("\n5ecret"),
        "`FILE`, line 2: expected `user:hash`, but found no colon"
    );
    assert_eq!(
        told(""),
        "`FILE` names no user; `htpasswd -B -c FILE USER` adds one"
    );
    let hash = hash("5ecret");
    assert_eq!(
        told(&format!("a:{hash}\na:{hash}")),
        "`FILE`, line 2: this user stands here twice"
    );
    let hard = hash.replacen("$04$", "$15$", 1);
    assert!(told(&format!("a:{hard}")).contains("line 1: a hash of cost 15"));
}

#[test]
fn what_is_wrong_with_a_token_is_told_without_it() {
    let told = |text: &str| {
        let file = file(text);
        let source = TokenSource::File(file.path().to_owned());
        let error = Auth::read(None, Some(&source)).unwrap_err();
        error.replace(&file.path().display().to_string(), "FILE")
    };
    assert_eq!(
        told("#\n"),
        "`FILE` holds no token; `openssl rand -hex 32 > FILE` makes one"
    );
    assert_eq!(
        told("5ecret with blanks"),
        "`FILE`, line 1: a token may hold only printable ASCII without blanks"
    );
    let token = Token::new("5ecret").unwrap();
    let shown = format!("{:?}", TokenSource::Value(token));
    assert!(!shown.contains("5ecret"), "{shown}");
}

proptest::proptest! {
    /// Whatever is in the header or the files: an answer, and never the wrong one.
    #[test]
    fn bytes_from_outside_open_nothing(
        header in proptest::collection::vec(0x20..=0xff_u8, 0..60),
        encoded in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..30),
        file in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
    ) {
        for header in [header, format!("Basic {}", STANDARD.encode(&encoded)).into_bytes()] {
            let Ok(value) = HeaderValue::from_bytes(&header) else { continue };
            if let Some(Credentials::Basic { user, password }) = credentials(&value) {
                let pair = [&user[..], b":", &password].concat();
                let text = value.to_str().unwrap();
                let (_, given) = text.split_once(' ').unwrap();
                proptest::prop_assert_eq!(STANDARD.encode(pair), given.trim());
                proptest::prop_assert!(!user.contains(&b':'));
            }
        }
        let path = [PathBuf::from("FILE")];
        proptest::prop_assert!(parse_users(&path, std::slice::from_ref(&file)).is_err());
        if let Ok(tokens) = parse_tokens(&path, &[file]) {
            proptest::prop_assert!(tokens.iter().all(|token| !token.0.is_empty()));
        }
    }
}
