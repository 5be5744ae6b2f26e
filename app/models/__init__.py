"""What things are and can do: one noun, one file."""

from app.models.account import Account, AccountPerson, RoleGrant
from app.models.attendance import Mark, Observation
from app.models.call_back import CallBack, CallBackAnswer, CallBackDraw, MobileReveal
from app.models.certificate import Certificate
from app.models.correction import PersonCorrection
from app.models.course import Course
from app.models.enrolment import AttendedHours, Enrolment, OfferingHours
from app.models.form_nonce import FormNonce
from app.models.group_booking import GroupBooking, GroupConfirmation, GroupCount
from app.models.group_visit import GroupVisit
from app.models.ledger_batch import LedgerBatch, LedgerChange, LedgerRow
from app.models.lesson import Lesson
from app.models.offering import Offering, OfferingTrainer
from app.models.open_release import OpenRelease
from app.models.pair_decision import PairDecision
from app.models.partner import OfferingPartner
from app.models.person import CandidatePair, Person
from app.models.policy import PolicyDocument
from app.models.programme import OfferingProgramme, Programme
from app.models.provider import Provider
from app.models.register import RegisterEntry, RegisterKind, RegisterState
from app.models.reported import ReportedFigure
from app.models.sign_in import SignIn, SignInAttempt
from app.models.statement import Signature, Statement
from app.models.target import Target, TargetChange
from app.models.transfer import Transfer

__all__ = [
    "Account",
    "AccountPerson",
    "AttendedHours",
    "CallBack",
    "CallBackAnswer",
    "CallBackDraw",
    "CandidatePair",
    "Certificate",
    "Course",
    "Enrolment",
    "FormNonce",
    "GroupBooking",
    "GroupConfirmation",
    "GroupCount",
    "GroupVisit",
    "LedgerBatch",
    "LedgerChange",
    "LedgerRow",
    "Lesson",
    "Mark",
    "MobileReveal",
    "Observation",
    "Offering",
    "OfferingHours",
    "OfferingPartner",
    "OfferingProgramme",
    "OfferingTrainer",
    "OpenRelease",
    "PairDecision",
    "Person",
    "PersonCorrection",
    "PolicyDocument",
    "Programme",
    "Provider",
    "RegisterEntry",
    "RegisterKind",
    "RegisterState",
    "ReportedFigure",
    "RoleGrant",
    "SignIn",
    "SignInAttempt",
    "Signature",
    "Statement",
    "Target",
    "TargetChange",
    "Transfer",
]
