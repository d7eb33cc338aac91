from django.http import JsonResponse
from django.urls import path

from shop.models import Order


def index(request):
    return JsonResponse({"message": "Hello from the shop", "orders": Order.objects.count()})


def order(request, item):
    placed = Order.objects.create(item=item)
    return JsonResponse({"id": placed.pk, "item": placed.item}, status=201)


urlpatterns = [path("", index), path("order/<str:item>", order)]
