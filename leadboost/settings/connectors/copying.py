"""Settings of copies elsewhere."""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from leadboost.settings.connectors.section import BASE, BASE_ALLOWED, WebBase, needs
from leadboost.settings.section import Count, Seconds, Section


class FirestoreSettings(Section):
    """A copy of accepted signals and of what becomes of the model, in Cloud Firestore."""

    base_url: WebBase = Field("https://firestore.googleapis.com", pattern=BASE, description=BASE_ALLOWED)
    credentials_file: Path | None = Field(None, description="the JSON key file of a service account")
    project: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9.:-]{3,62}[a-z0-9]$",
        description="the id of the project, not its name or number, for example shop-project",
    )
    database: str = Field(
        "(default)",
        pattern=r"^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$",
        description="(default), or the id of another database of that project",
    )
    prefix: str = Field(
        "leadboost_",
        max_length=200,
        pattern=r"^([A-Za-z][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*/)*([A-Za-z][A-Za-z0-9_-]*)?$",
        description="the beginning of collection names, after COLLECTION/DOCUMENT/ where they lie deeper",
    )
    documents_per_s: Count = Field(
        200, ge=1, le=500, description="a number of documents from 1 to 500 in each second"
    )
    timeout_s: Seconds = Field(20, ge=1, le=60, description="a number of seconds from 1 to 60")
    follow_new_journal: bool = Field(False, description="true or false")

    enabled: bool = Field(False, description="true or false; true needs credentials_file and project")

    @field_validator("enabled")
    @classmethod
    def _has_account(cls, enabled: bool, info: ValidationInfo) -> bool:
        return needs(enabled, info, "credentials_file", "project")
