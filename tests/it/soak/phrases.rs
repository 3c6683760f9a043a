//! Playbooks and worlds put together at random, of phrases that fit each other.

use super::chance::Chance;

const SUBSCRIPTION: &str = "98f51385-2edc-4b79-bed9-7718de4cb861";

/// Steps; `§N` stands for the number of the step, `§S` for the subscription.
const STEPS: [&str; 19] = [
    "token: arm\n    capture: {oid_§N: $.oid}",
    "token: {resource: arm, fresh: true}\n    timeout: 80ms",
    "metadata: compute\n    expect: {json: {$.location: chinanorth}}",
    "request: GET §S/resourceGroups/DevTest\n    expect: {json: {$.name: DevTest}}\n    capture: {place_§N: $.location}",
    "request: GET §S/resourceGroups/Prod\n    expect: allowed\n    sensitive: true",
    "request: GET §S/resourceGroups/nowhere\n    expect: {status: 404, error: ResourceGroupNotFound}",
    "request: {url: §S/resourceGroups, query: {$top: 1}, pages: all}\n    expect: {json: {$.value: {count: 2}}}",
    "request: {url: §S/resources, pages: 3}\n    capture: {all_§N: {json: '$.value[*].name', secret: true}}",
    "request: {method: PUT, url: §S/resourceGroups/new-§N, json: {location: chinanorth}, poll: {within: 5s, every: 10ms}}\n    expect: {status: [200, 201]}",
    "request: {method: PUT, url: §S/resourceGroups/new-§N, json: {location: chinanorth}}\n    expect: denied",
    "request: {method: DELETE, url: §S/resourceGroups/Prod, poll: {within: 5s, every: 10ms}}\n    expect: {status: 2xx}",
    "request: {method: PATCH, url: §S/resourceGroups/DevTest, json: {tags: {n: '§N'}}}\n    expect: {status: 200}",
    "request: {method: POST, url: §S/resourceGroups/DevTest/validateMoveResources, json: {}}\n    expect: {status: [2xx, 4xx]}",
    "access: {scope: §S/resourceGroups/DevTest, can: ['*/read'], cannot: ['Microsoft.Authorization/*/write']}",
    "access: {scope: §S, roles: [{role: Reader, scope: §S}]}",
    "for_each: [DevTest, Prod, none]\n    request: GET §S/resourceGroups/{{ item }}\n    expect: {status: [200, 404]}",
    "request: GET §S/resourceGroups/DevTest\n    eventually: {within: 2s, every: 50ms, hold: 2}",
    "steps:\n      - set: {x_§N: \"{{ '§N' | b64encode }}\"}\n      - assert: [x_§N is string]\n      - request: GET §S/resourceGroups/DevTest\n        expect: {text: {contains: DevTest}}",
    "request: {url: §S/resourceGroups/DevTest, auth: none}\n    expect: {status: 401}",
];

/// What is done to requests.
const EFFECTS: [&str; 17] = [
    "answer: {status: 400}",
    "answer: {status: 403}",
    "answer: {status: 404}",
    "answer: {status: 409}",
    "answer: {status: 429, headers: {Retry-After: '1'}}",
    "answer: {status: 500}",
    "answer: {status: 502}",
    "answer: {status: 503, headers: {Retry-After: '31536000'}}",
    "answer: {status: 200, body: {value: [], nextLink: 'https://elsewhere.example/x'}}",
    "answer: {status: 202, headers: {Location: '/operations/endless', Retry-After: '0'}}",
    "cut: 9",
    "close: true",
    "slow: 300",
    "content_type: text/html",
    "garbage: true",
    "expired_token: true",
    "throttle: 2s",
];

const PATHS: [&str; 8] = [
    "/metadata/identity/**",
    "/metadata/instance",
    "**",
    "**/resourceGroups",
    "**/resourceGroups/*",
    "**/resources",
    "**/providers/Microsoft.Authorization/**",
    "/operations/**",
];

/// A playbook.
pub(super) fn playbook(chance: &mut Chance) -> String {
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let timeout = chance.one(&["120ms", "400ms", "2s"]);
    let attempts = 1 + chance.below(4);
    let cloud = chance.one(&["china", "auto"]);
    let mut text = format!(
        "cloud: {cloud}\ndefaults: {{api_version: 2021-04-01, timeout: {timeout}, retry: {{attempts: {attempts}, base: 20ms, cap: 1s}}}}\nsteps:\n"
    );
    let count = 2 + chance.below(12);
    for number in 0..count {
        if number == count - 1 && chance.below(2) == 0 {
            text.push_str("cleanup:\n");
        }
        let step = chance.one(&STEPS).replace("§S", &subscription).replace("§N", &number.to_string());
        text.push_str(&format!("  - name: Step {number}\n    {step}\n"));
    }
    text
}

/// A world.
pub(super) fn world(chance: &mut Chance) -> String {
    let role = chance.one(&["Reader", "Contributor", "Owner"]);
    let mut text = format!(
        "cloud: china\nvm: {{name: web-1, resource_group: DevTest, subscription: dev, location: chinanorth}}\nsubscriptions:\n  dev:\n    \
         id: {SUBSCRIPTION}\n    resource_groups: {{DevTest: {{location: chinanorth}}, Prod: {{location: chinanorth}}}}\nidentities:\n  \
         system: {{assignments: [{{role: {role}, scope: /subscriptions/dev}}]}}\nthrottling: true\nfaults:\n"
    );
    for _ in 0..1 + chance.below(5) {
        let (path, effect) = (chance.one(&PATHS), chance.one(&EFFECTS));
        let times = 1 + chance.below(5);
        let times = if chance.below(4) == 0 { String::new() } else { format!("times: {times}, ") };
        let delay = if chance.below(5) == 0 { format!("delay: {}ms, ", 1 + chance.below(200)) } else { String::new() };
        text.push_str(&format!("  - {{when: {{path: '{path}'}}, {times}{delay}{effect}}}\n"));
    }
    text
}
