//! `PolicyService`.

use crate::staff::world::dynamic;
use kortisto::staff::v1::{
    ApplyPoliciesRequest, DryRunPoliciesRequest, GetPolicyHistoryRequest, ListPoliciesRequest,
    ListPolicyKeysRequest, ValidatePoliciesRequest,
};
use kortisto_testkit::register::new_id;
use prost_reflect::DynamicMessage;

/// A file that no other question has, and that changes nobody's rights.
fn text() -> String {
    format!(
        "[[decision]]\nnumber = \"{}\"\ndate = 2020-01-01\nvalid_from = 2020-01-01\n\
         rows = [{{ key = \"hold.pickup_days\", value = 9 }}]\n",
        new_id()
    )
}

pub(super) fn question(method: &str) -> Option<DynamicMessage> {
    let key = || "loan.period_days".to_owned();
    Some(match method {
        "ListPolicyKeys" => dynamic("ListPolicyKeysRequest", &ListPolicyKeysRequest::default()),
        "ListPolicies" => dynamic("ListPoliciesRequest", &ListPoliciesRequest::default()),
        "ValidatePolicies" => dynamic("ValidatePoliciesRequest", &ValidatePoliciesRequest { text: text() }),
        "ApplyPolicies" => {
            let request = ApplyPoliciesRequest { text: text(), ..Default::default() };
            dynamic("ApplyPoliciesRequest", &request)
        }
        "DryRunPolicies" => {
            let request = DryRunPoliciesRequest { text: text(), ..Default::default() };
            dynamic("DryRunPoliciesRequest", &request)
        }
        "GetPolicyHistory" => {
            let request = GetPolicyHistoryRequest { key: key(), ..Default::default() };
            dynamic("GetPolicyHistoryRequest", &request)
        }
        _ => return None,
    })
}
