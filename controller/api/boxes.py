"""Boxes: taking one into the fleet."""

from fastapi import APIRouter

from controller.api.shapes import EnrolForm, EnrolledOut
from controller.doors import Given, Signed
from controller.operations.enrol_device import enrol_device

at = APIRouter(tags=["boxes"])


@at.post("/boxes", status_code=201)
def post_box(form: EnrolForm, given: Given, who: Signed) -> EnrolledOut:
    """Enrol the box that holds a key at a cluster; it may connect at once."""
    enrolled = enrol_device(
        given.database, given.authority, form.cluster, form.public_key, given.clock()
    )
    given.door.let_boxes_in()
    return EnrolledOut(
        device=enrolled.did,
        password=enrolled.password,
        broker=given.door.broker_url,
        root_public_key=enrolled.root_public,
        placement=enrolled.placement,
    )
