"""No code stands in a document without a test that runs it, or at least takes it apart."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.support.documents import ROOT, Block, blocks

DOCS, UNIT = "tests/integration/docs", "tests/unit"
COMMANDS = f"{DOCS}/test_commands.py::test_commands_can_be_pasted"
PAGE_OF_SUBSCRIPTIONS = "tests/integration/cli/subscriptions/test_page.py::test_the_page_leads_through_a_rotation"
PAGE_OF_GROUPS = "tests/operator/test_groups_page.py::test_the_page_shows_what_there_is"
RUNBOOKS_OF_THE_OPERATOR = "tests/operator/test_runbooks.py::test_what_the_runbooks_say_can_be_pasted"
ELSEWHERE = "docs/threads_and_processes.md"
ON_A_CLUSTER = "tests/neighbours/test_pasted_commands.py"
SUBSCRIPTIONS = ("SubscriptionsForeign", "SubscriptionsIncomplete", "SubscriptionsSyncOld")
PROOFS = (
    # document, language, the test that takes the blocks from `documents.blocks` and runs them
    ("README.md", "sh", "tests/e2e/test_readme.py::test_the_readme_leads_through_a_first_hour"),
    ("README.md", "python", "tests/e2e/test_readme.py::test_the_readme_leads_through_a_first_hour"),
    ("README.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/handlers.md", "python", f"{DOCS}/test_handlers_page.py::test_the_python_examples_pass_their_tests"),
    ("docs/handlers.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/crm_salesforce.md", "yaml", f"{DOCS}/test_crm_salesforce_page.py::test_the_page_leads_to_a_working_group"),
    ("docs/crm_salesforce.md", "sh", f"{DOCS}/test_crm_salesforce_page.py::test_the_page_leads_to_a_working_group"),
    ("docs/handlers.md", "yaml", f"{DOCS}/test_handlers_page.py::test_the_yaml_examples_configure_their_groups"),
    (
        "docs/handlers.md",
        "sql",
        "tests/integration/handlers/builtin/test_tables_values.py::test_the_page_erases_a_person_from_every_table",
    ),
    (
        "docs/handlers.md",
        "sql",
        "tests/integration/handlers/builtin/test_raw_events.py::test_the_page_deletes_old_events",
    ),
    ("docs/crm_hubspot.md", "yaml", f"{DOCS}/test_crm_hubspot_page.py::test_the_page_leads_to_a_contact"),
    ("docs/crm_hubspot.md", "sh", f"{DOCS}/test_crm_hubspot_page.py::test_the_page_leads_to_a_contact"),
    ("docs/resources.md", "python", f"{DOCS}/test_resources_page.py::test_the_examples_pass_their_tests"),
    ("docs/resources.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/batches.md", "python", f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests"),
    ("docs/batches.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/debounce.md", "python", f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests"),
    ("docs/debounce.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/filters.md", "python", f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests"),
    ("docs/filters.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/filters.md", "yaml", f"{DOCS}/test_pages_for_authors.py::test_the_filter_of_a_group_is_one"),
    ("docs/follow_ups.md", "python", f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests"),
    ("docs/follow_ups.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/follow_ups.md", "sh", f"{DOCS}/test_follow_ups_page.py::test_the_commands_of_the_page"),
    ("docs/limits.md", "python", f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests"),
    ("docs/limits.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/limits.md", "yaml", "tests/operator/test_declared_limits.py::test_what_is_declared_limits_the_group"),
    (
        "docs/threads_and_processes.md",
        "python",
        f"{DOCS}/test_pages_for_authors.py::test_the_examples_pass_their_tests",
    ),
    ("docs/threads_and_processes.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/developing.md", "sh", f"{DOCS}/test_developing_page.py::test_what_is_saved_is_what_runs"),
    ("docs/developing.md", "sh", f"{DOCS}/test_developing_page.py::test_one_event_is_tried"),
    ("docs/doctor.md", "sh", f"{DOCS}/test_doctor_page.py::test_the_commands_of_the_page_look_at_an_installation"),
    ("docs/notify.md", "yaml", f"{DOCS}/test_notify_page.py::test_the_rep_of_the_page_is_told"),
    ("docs/notify.md", "yaml", f"{DOCS}/test_notify_page.py::test_the_app_of_the_page_writes_to_the_rep"),
    ("docs/notify.md", "json", f"{DOCS}/test_notify_page.py::test_the_preview_says_what_the_page_shows"),
    ("docs/notify.md", "sh", f"{DOCS}/test_notify_page.py::test_the_preview_says_what_the_page_shows"),
    ("docs/notify.md", "text", f"{DOCS}/test_notify_page.py::test_the_preview_says_what_the_page_shows"),
    ("docs/developing.md", "text", f"{DOCS}/test_snippets.py::test_a_trial_says_what_the_page_shows"),
    ("docs/exactly_once.md", "python", f"{DOCS}/test_exactly_once_page.py::test_each_example_writes_once"),
    ("docs/exactly_once.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/exactly_once.md", "sql", f"{DOCS}/test_exactly_once_page.py::test_the_table_is_the_one_that_is_used"),
    ("docs/warehouse.md", "yaml", f"{DOCS}/test_warehouse_page.py::test_the_section_of_the_page_is_one"),
    ("docs/warehouse.md", "yaml", "tests/chart/test_compaction.py::test_the_page_shows_values_that_work"),
    ("docs/warehouse.md", "sh", "tests/e2e/test_after_a_loss.py::test_the_page_leads_through_a_loss"),
    ("docs/warehouse.md", "sql", f"{DOCS}/test_warehouse_page.py::test_each_way_of_the_page_counts_once"),
    ("docs/warehouse.md", "sql", f"{DOCS}/test_warehouse_page.py::test_statements_for_others_name_what_there_is"),
    ("docs/link_swap.md", "json", f"{DOCS}/test_link_swap_page.py::test_the_endpoint_is_asked_and_believed_as_shown"),
    ("docs/link_swap.md", "sh", f"{DOCS}/test_link_swap_page.py::test_the_endpoint_is_asked_and_believed_as_shown"),
    ("docs/link_swap.md", "python", f"{DOCS}/test_link_swap_page.py::test_the_function_gives_links_that_may_be_used"),
    ("docs/link_swap.md", "python", f"{DOCS}/test_link_swap_page.py::test_the_handler_is_asked_for_what_is_published"),
    ("docs/link_swap.md", "python", f"{DOCS}/test_python.py::test_examples_are_typed"),
    ("docs/link_swap.md", "yaml", "tests/chart/test_link_swap.py::test_the_page_shows_values_that_work"),
    ("docs/link_swap.md", "yaml", f"{DOCS}/test_link_swap_page.py::test_the_subscription_is_asked_where_the_page_says"),
    ("docs/console.md", "yaml", f"{DOCS}/test_console_page.py::test_the_roles_are_given_to_those_names"),
    ("docs/console.md", "sh", f"{DOCS}/test_console_page.py::test_the_settings_of_a_proxy_are_all_it_needs"),
    ("docs/console.md", "sh", f"{DOCS}/test_console_page.py::test_the_token_that_is_made_is_one"),
    ("docs/logs.md", "json", f"{DOCS}/test_snippets.py::test_the_log_line_is_one_of_ours"),
    ("docs/traces.md", "sh", f"{DOCS}/test_snippets.py::test_the_variables_of_tracing_exist"),
    ("docs/architecture.md", "mermaid", f"{UNIT}/test_architecture.py::test_the_pictures_draw_what_is_there"),
    ("docs/operator.md", "sh", "tests/operator/test_page.py::test_the_page_leads_to_subscriptions"),
    ("docs/operator.md", "yaml", "tests/operator/test_page.py::test_the_page_leads_to_subscriptions"),
    ("docs/operator.md", "yaml", "tests/operator/test_page.py::test_the_values_switch_it_on"),
    ("docs/operator.md", "yaml", "tests/operator/test_page.py::test_the_values_let_it_make_the_keys"),
    *(
        (f"docs/runbooks/SalesloftWebhooks{alert}.md", "sh", RUNBOOKS_OF_THE_OPERATOR)
        for alert in ("OperatorAbsent", "RotationStuck", *SUBSCRIPTIONS)
    ),
    ("docs/runbooks/SalesloftWebhooks*.md", "sh", f"{ON_A_CLUSTER}::test_a_runbook_is_pasted"),
    ("docs/operations.md", "sh", f"{ON_A_CLUSTER}::test_the_page_installs_it"),
    (
        "docs/operations.md",
        "sql",
        "tests/integration/handlers/database/test_schema_upgrade.py::test_the_page_leads_back_to_the_released_version",
    ),
    ("charts/salesloft-webhooks/README.md", "sh", f"{ON_A_CLUSTER}::test_the_page_installs_it"),
    ("docs/releases.md", "sh", "tests/release/test_page.py::test_the_page_leads_from_a_clone_to_what_is_verified"),
    ("docs/sizing.md", "text", f"{UNIT}/cli/commands/test_size.py::test_the_page_shows_what_the_command_says"),
    ("docs/groups.md", "text", PAGE_OF_GROUPS),
    ("docs/groups.md", "yaml", PAGE_OF_GROUPS),
    ("docs/subscriptions.md", "yaml", PAGE_OF_SUBSCRIPTIONS),
    ("docs/subscriptions.md", "sh", PAGE_OF_SUBSCRIPTIONS),
    ("docs/cli.md", "", f"{UNIT}/cli/test_reference.py::test_pages_are_in_step"),
    ("docs/runbooks/SalesloftWebhooksDurabilityDegraded.md", "sh", f"{DOCS}/test_snippets.py::test_a_server_answers"),
    ("k8s/README.md", "sh", "tests/kind/test_manifests.py::test_the_page_leads_to_a_working_installation"),
    ("*", "sh", COMMANDS),
)


def proofs(block: Block) -> list[str]:
    """The tests of a block."""
    return [
        test
        for document, language, test in PROOFS
        if fnmatchcase(block.document, document) and block.language == language
    ]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_is_run_by_a_test(block: Block) -> None:
    """A block of a new kind, or in a document nobody thought of, fails here until a test runs it."""
    assert proofs(block), f"{block}: which test runs this {block.language or 'plain'} block?"


@pytest.mark.parametrize("test", sorted({test for _, _, test in PROOFS}))
def test_every_proof_exists(test: str) -> None:
    """The named test is there, in its file."""
    file, _, name = test.partition("::")

    assert f"def {name}(" in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize(("document", "language", "test"), PROOFS)
def test_no_proof_is_left_over(document: str, language: str, test: str) -> None:
    """Every row of the list is of a block that is still there."""
    assert any(fnmatchcase(block.document, document) and block.language == language for block in blocks()), test


def test_fences_are_closed() -> None:
    """As many fences end as begin, so that no block hides from these tests."""
    for document in {block.document for block in blocks()}:
        lines = Path(ROOT / document).read_text("utf-8").splitlines()
        fences = sum(line.lstrip().startswith("```") for line in lines)

        assert fences == 2 * len(blocks(document)), document
